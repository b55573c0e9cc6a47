import { dlopen, FFIType, ptr, read } from 'bun:ffi';
import { constants } from 'node:os';
import { KnownError } from '../../lib/errors.ts';

/** System calls that Node has no name for. Each throws KnownError `system` with the errno's name; the numbers are Linux's. */
const library = dlopen('libc.so.6', {
  __errno_location: { args: [], returns: FFIType.ptr },
  mount: { args: [FFIType.cstring, FFIType.cstring, FFIType.cstring, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  umount2: { args: [FFIType.cstring, FFIType.i32], returns: FFIType.i32 },
  unshare: { args: [FFIType.i32], returns: FFIType.i32 },
  setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  chroot: { args: [FFIType.cstring], returns: FFIType.i32 },
  fchdir: { args: [FFIType.i32], returns: FFIType.i32 },
  setfsuid: { args: [FFIType.u32], returns: FFIType.i32 },
  setfsgid: { args: [FFIType.u32], returns: FFIType.i32 },
  prctl: { args: [FFIType.i32, FFIType.u64, FFIType.u64, FFIType.u64, FFIType.u64], returns: FFIType.i32 },
  umask: { args: [FFIType.u32], returns: FFIType.u32 },
  syncfs: { args: [FFIType.i32], returns: FFIType.i32 },
  mknod: { args: [FFIType.cstring, FFIType.u32, FFIType.u64], returns: FFIType.i32 },
  lsetxattr: { args: [FFIType.cstring, FFIType.cstring, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
  llistxattr: { args: [FFIType.cstring, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
  lgetxattr: { args: [FFIType.cstring, FFIType.cstring, FFIType.ptr, FFIType.u64], returns: FFIType.i64 },
  syscall: {
    args: [FFIType.i64, FFIType.i64, FFIType.ptr, FFIType.i64, FFIType.ptr, FFIType.i64],
    returns: FFIType.i64,
  },
  flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
  socket: { args: [FFIType.i32, FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  bind: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  connect: { args: [FFIType.i32, FFIType.ptr, FFIType.u32], returns: FFIType.i32 },
  getsockname: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 },
  listen: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  setsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
  send: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
  recv: { args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32], returns: FFIType.i64 },
  close: { args: [FFIType.i32], returns: FFIType.i32 },
  if_nametoindex: { args: [FFIType.cstring], returns: FFIType.u32 },
});
const libc = library.symbols;

/**
 * The last call of a thread that ends: what the runtime has compiled for its calls (some 8 KiB) would stay with the process otherwise. No other function of
 * this file may be called by that thread afterwards.
 */
export function closeLibc(): void {
  library.close();
}

export const CLONE_FS = 0x200;
export const CLONE_NEWNS = 0x20000;
export const CLONE_NEWNET = 0x40000000;
export const MNT_DETACH = 2;
export const LOCK_EX_NB = 2 | 4;

/** Of machines with 64 bits: their numbers have the size of a long in them. */
const FS_IOC_GETFLAGS = 0x80086601n;
const FS_IOC_SETFLAGS = 0x40086602n;

const ERRNO_NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** A failed system call: `code` is the errno's name, as on Node's own errors. */
export class SystemCallError extends KnownError {
  readonly code: string;

  constructor(call: string, code: string) {
    super('system', `${call}: ${code}`);
    this.code = code;
  }
}

function text(value: string): Uint8Array {
  return Buffer.from(`${value}\0`);
}

function check(result: number | bigint, call: () => string): number {
  const value = Number(result);
  if (value >= 0) return value;
  const errno = libc.__errno_location();
  const code = errno === null ? 'EIO' : (ERRNO_NAMES.get(read.i32(errno, 0)) ?? 'EIO');
  throw new SystemCallError(call(), code);
}

/** mount(2). */
export function mount(source: string, target: string, type: string, flags: number, data = ''): void {
  check(
    libc.mount(text(source), text(target), text(type), BigInt(flags), data === '' ? null : text(data)),
    () => `mount ${type} on ${target}`,
  );
}

/** umount2(2). */
export function unmount(target: string, flags = 0): void {
  check(libc.umount2(text(target), flags), () => `unmount ${target}`);
}

/** unshare(2) of the calling thread. */
export function unshare(flags: number): void {
  check(libc.unshare(flags), () => `unshare ${flags.toString(16)}`);
}

/** setns(2) of the calling thread. */
export function setns(fd: number, kind: number): void {
  check(libc.setns(fd, kind), () => 'setns');
}

/** chroot(2) of the calling thread, when it has unshared CLONE_FS. */
export function chroot(path: string): void {
  check(libc.chroot(text(path)), () => `chroot ${path}`);
}

/** fchdir(2) of the calling thread, when it has unshared CLONE_FS. */
export function fchdir(fd: number): void {
  check(libc.fchdir(fd), () => 'fchdir');
}

const PR_GET_SECUREBITS = 27;
const PR_SET_SECUREBITS = 28;

/** The securebits of capabilities(7) of the calling thread. */
export function readSecureBits(): number {
  return check(libc.prctl(PR_GET_SECUREBITS, 0n, 0n, 0n, 0n), () => 'prctl PR_GET_SECUREBITS');
}

export function setSecureBits(bits: number): void {
  check(libc.prctl(PR_SET_SECUREBITS, BigInt(bits), 0n, 0n, 0n), () => 'prctl PR_SET_SECUREBITS');
}

/** setfsuid(2) and setfsgid(2) of the calling thread. */
export function setFileIds(uid: number, gid: number): void {
  libc.setfsgid(gid);
  libc.setfsuid(uid);
}

/** umask(2) of the calling thread, when it has unshared CLONE_FS. */
export function setUmask(mask: number): void {
  libc.umask(mask);
}

/** syncfs(2): everything written to that file system is durable when it returns. */
export function syncfs(fd: number): void {
  check(libc.syncfs(fd), () => 'syncfs');
}

/** mknod(2); `device` as makedev(3) makes it. */
export function mknod(path: string, mode: number, device: number): void {
  check(libc.mknod(text(path), mode, BigInt(device)), () => `mknod ${path}`);
}

/** lsetxattr(2): never follows a symbolic link. */
export function lsetxattr(path: string, name: string, value: Uint8Array): void {
  const bytes = value.length === 0 ? new Uint8Array(1) : value;
  check(libc.lsetxattr(text(path), text(name), bytes, BigInt(value.length), 0), () => `setxattr ${name} on ${path}`);
}

/** Used again by every call: to make one takes longer than the call. */
const NAMES = new Uint8Array(65_536);

/** llistxattr(2): names of the attributes of a path, not of what a link points to; none where the file system has none. */
export function llistxattr(path: string): readonly string[] {
  const buffer = NAMES;
  try {
    const size = check(libc.llistxattr(text(path), buffer, BigInt(buffer.length)), () => `listxattr ${path}`);
    return size === 0 ? [] : Buffer.from(buffer.buffer, 0, size).toString('utf8').split('\0').filter(Boolean);
  } catch (error) {
    if (error instanceof SystemCallError && (error.code === 'ENOTSUP' || error.code === 'EOPNOTSUPP')) return [];
    throw error;
  }
}

/** lgetxattr(2). Errors: system ENODATA when there is none. */
export function lgetxattr(path: string, name: string): Uint8Array {
  const buffer = new Uint8Array(65_536);
  const size = check(
    libc.lgetxattr(text(path), text(name), buffer, BigInt(buffer.length)),
    () => `getxattr ${name} of ${path}`,
  );
  return buffer.slice(0, size);
}

const SYS_OPEN_TREE = 428n;
const SYS_MOVE_MOUNT = 429n;
const AT_FDCWD = -100n;
const OPEN_TREE_CLONE = 1n;
const OPEN_TREE_CLOEXEC = 0x80000n;
const AT_RECURSIVE = 0x8000n;
const MOVE_MOUNT_F_EMPTY_PATH = 4n;

/** open_tree(2) with OPEN_TREE_CLONE: a copy of the mount at `path` that is nowhere yet; it goes with its descriptor. */
export function cloneMount(path: string, recursive: boolean): number {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0n);
  return check(libc.syscall(SYS_OPEN_TREE, AT_FDCWD, text(path), flags, null, 0n), () => `open_tree ${path}`);
}

/** move_mount(2): puts what {@link cloneMount} gave on `path`, which the kernel resolves from the thread's root. */
export function attachMount(fd: number, path: string): void {
  check(
    libc.syscall(SYS_MOVE_MOUNT, BigInt(fd), text(''), AT_FDCWD, text(path), MOVE_MOUNT_F_EMPTY_PATH),
    () => `move_mount to ${path}`,
  );
}

const SYS_OPENAT2 = 437n;
const SYS_MOUNT_SETATTR = 442n;
const AT_EMPTY_PATH = 0x1000n;
const O_PATH_CLOEXEC = 0x20_0000n | 0x8_0000n;
const RESOLVE_NO_MAGICLINKS = 0x2n;
const RESOLVE_IN_ROOT = 0x10n;
const MOUNT_ATTR_RDONLY = 0x1n;
const MOUNT_ATTR_IDMAP = 0x10_0000n;

/** openat2(2) with O_PATH and RESOLVE_IN_ROOT: `root` is `/` for every link and `..` in `path`, whoever changes them meanwhile. */
export function openInRoot(root: number, path: string): number {
  const how = new BigUint64Array([O_PATH_CLOEXEC, 0n, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS]);
  const call = (): number | bigint =>
    libc.syscall(SYS_OPENAT2, BigInt(root), text(path), BigInt(ptr(how)), 24 as never, 0n);
  return check(call(), () => `openat2 ${path}`);
}

/** As {@link cloneMount}, of what a descriptor stands for. */
export function cloneMountAt(fd: number, recursive: boolean): number {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0n);
  return check(libc.syscall(SYS_OPEN_TREE, BigInt(fd), text(''), flags, null, 0n), () => 'open_tree');
}

/** mount_setattr(2) on what {@link cloneMount} gave: ids appear as the user namespace behind `userns` maps them. */
export function mapMountIds(fd: number, userns: number, recursive: boolean): void {
  setMountAttributes(fd, [MOUNT_ATTR_IDMAP, 0n, 0n, BigInt(userns)], recursive);
}

/** mount_setattr(2): read-only, and what is mounted below it when `recursive`. */
export function makeMountReadOnly(fd: number, recursive: boolean): void {
  setMountAttributes(fd, [MOUNT_ATTR_RDONLY, 0n, 0n, 0n], recursive);
}

/** `attributes` is a struct mount_attr: set, clear, propagation, userns_fd. */
function setMountAttributes(fd: number, attributes: readonly bigint[], recursive: boolean): void {
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0n);
  check(
    libc.syscall(SYS_MOUNT_SETATTR, BigInt(fd), text(''), flags, new BigUint64Array(attributes), 32n),
    () => 'mount_setattr',
  );
}

/** flock(2), exclusive, without waiting: false when another process holds it. */
export function tryLock(fd: number): boolean {
  try {
    check(libc.flock(fd, LOCK_EX_NB), () => 'flock');
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK')) return false;
    throw error;
  }
}

/** ioctl_iflags(2): attributes of a file, as chattr(1) has them. */
export function readInodeFlags(fd: number): number {
  const flags = new BigInt64Array(1);
  check(libc.ioctl(fd, FS_IOC_GETFLAGS, flags), () => 'ioctl FS_IOC_GETFLAGS');
  return Number(flags[0]);
}

export function setInodeFlags(fd: number, flags: number): void {
  check(libc.ioctl(fd, FS_IOC_SETFLAGS, new BigInt64Array([BigInt(flags)])), () => 'ioctl FS_IOC_SETFLAGS');
}

/** makedev(3) of glibc. */
export function makeDevice(major: number, minor: number): number {
  return (minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12);
}

export function openSocket(domain: number, type: number, protocol: number): number {
  return check(libc.socket(domain, type, protocol), () => 'socket');
}

export function bindSocket(fd: number, address: Uint8Array): void {
  check(libc.bind(fd, address, address.length), () => 'bind');
}

/** connect(2). */
export function connectSocket(fd: number, address: Uint8Array): void {
  check(libc.connect(fd, address, address.length), () => 'connect');
}

/** Room for what is sent, beyond the system's limit for others: SO_SNDBUFFORCE of socket(7). */
export function forceSendBuffer(fd: number, bytes: number): void {
  const [SOL_SOCKET, SO_SNDBUFFORCE] = [1, 32];
  check(libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, new Int32Array([bytes]), 4), () => 'setsockopt');
}

/** The port of an IPv4 socket (getsockname(2)). */
export function socketPort(fd: number): number {
  const address = Buffer.alloc(16);
  check(libc.getsockname(fd, address, new Uint32Array([address.length])), () => 'getsockname');
  return address.readUInt16BE(2);
}

/** listen(2). */
export function listenSocket(fd: number, backlog: number): void {
  check(libc.listen(fd, backlog), () => 'listen');
}

/** Others that ask for the same may bind the port too, on another address: SO_REUSEADDR and SO_REUSEPORT of socket(7). */
export function reuseAddress(fd: number): void {
  const [SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT] = [1, 2, 15];
  for (const option of [SO_REUSEADDR, SO_REUSEPORT])
    check(libc.setsockopt(fd, SOL_SOCKET, option, new Int32Array([1]), 4), () => 'setsockopt');
}

export function sendBytes(fd: number, bytes: Uint8Array): void {
  check(libc.send(fd, bytes, BigInt(bytes.length), 0), () => 'send');
}

/** Returns the part of `buffer` that was filled. */
export function receiveBytes(fd: number, buffer: Uint8Array): Uint8Array {
  return buffer.subarray(
    0,
    check(libc.recv(fd, buffer, BigInt(buffer.length), 0), () => 'recv'),
  );
}

export function closeFd(fd: number): void {
  libc.close(fd);
}

/** Number of a link in the calling thread's network namespace (if_nametoindex(3)). Errors: system ENODEV. */
export function linkIndex(name: string): number {
  const index = libc.if_nametoindex(text(name));
  if (index === 0) throw new SystemCallError(`link ${name}`, 'ENODEV');
  return index;
}
