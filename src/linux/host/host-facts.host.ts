import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { KnownError } from '../../lib/errors.ts';

const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  riscv64: 'riscv64',
};
const SECCOMP_PROFILE = '/usr/share/containers/seccomp.json';
const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;

/** Go's name of this machine's architecture. */
export function architecture(): string {
  return ARCHITECTURES[arch()] ?? arch();
}

/** Capabilities in this process's bounding set, out of `names` in the order of their bits (proc(5), CapBnd). */
export function boundingCapabilities(names: readonly string[]): ReadonlySet<string> {
  const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const bits = BigInt(`0x${hex}`);
  return new Set(names.filter((_, bit) => ((bits >> BigInt(bit)) & 1n) === 1n));
}

/** Docker's default profile as Debian ships it; undefined when the package is missing. */
export function readSeccompProfile<T>(): T | undefined {
  return existsSync(SECCOMP_PROFILE) ? (JSON.parse(readFileSync(SECCOMP_PROFILE, 'utf8')) as T) : undefined;
}

const LIMIT_NAMES: Readonly<Record<string, string>> = {
  'Max open files': 'RLIMIT_NOFILE',
  'Max processes': 'RLIMIT_NPROC',
  'Max core file size': 'RLIMIT_CORE',
  'Max stack size': 'RLIMIT_STACK',
  'Max locked memory': 'RLIMIT_MEMLOCK',
  'Max data size': 'RLIMIT_DATA',
  'Max file size': 'RLIMIT_FSIZE',
  'Max address space': 'RLIMIT_AS',
  'Max cpu time': 'RLIMIT_CPU',
  'Max pending signals': 'RLIMIT_SIGPENDING',
  'Max msgqueue size': 'RLIMIT_MSGQUEUE',
};

/** This process's hard limits (proc(5), limits); unlimited ones are left out. */
export function hardLimits(): Readonly<Record<string, number>> {
  const rows = readFileSync('/proc/self/limits', 'utf8').split('\n').slice(1);
  return Object.fromEntries(
    rows.flatMap((row) => {
      const name = LIMIT_NAMES[row.slice(0, 26).trim()];
      const hard = row.slice(26).trim().split(/\s+/)[1];
      return name === undefined || hard === undefined || hard === 'unlimited' ? [] : [[name, Number(hard)]];
    }),
  );
}

export interface DeviceFile {
  readonly path: string;
  readonly type: 'c' | 'b';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The device at a path, or all below a folder; terminals, shared memory and queues of /dev are the container's own and left out. */
export function devicesAt(path: string): readonly DeviceFile[] {
  const device = toDevice(path);
  if (device) return [device];
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new KnownError(
      'invalid_parameter',
      `error gathering device information while adding custom device "${path}": no such file or directory`,
    );
  return devicesBelow(path);
}

function devicesBelow(folder: string): readonly DeviceFile[] {
  const own = ['/dev/pts', '/dev/shm', '/dev/mqueue', '/dev/fd', '/dev/.lxc', '/dev/console'];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (own.includes(path)) return [];
    if (entry.isDirectory()) return devicesBelow(path);
    return toDevice(path) ?? [];
  });
}

function toDevice(path: string): DeviceFile | undefined {
  const status = lstatSync(path, { throwIfNoEntry: false });
  const kind = (status?.mode ?? 0) & S_IFMT;
  if (!status || (kind !== S_IFCHR && kind !== S_IFBLK)) return undefined;
  return {
    path,
    type: kind === S_IFCHR ? 'c' : 'b',
    major: (status.rdev >> 8) & 0xfff,
    minor: (status.rdev & 0xff) | ((status.rdev >> 12) & 0xfff00),
    fileMode: status.mode & 0o777,
    uid: status.uid,
    gid: status.gid,
  };
}

/** How many NUMA nodes the machine has; 1 when the kernel does not say (sysfs, devices/system/node/online: `0` or `0-3`). */
export function memoryNodes(): number {
  try {
    const online = readFileSync('/sys/devices/system/node/online', 'utf8').trim();
    return Number(/(\d+)$/.exec(online)?.[1] ?? 0) + 1;
  } catch {
    return 1;
  }
}

const NVIDIA_HOOK = 'nvidia-container-runtime-hook';

/** NVIDIA's hook on the PATH, with this process's environment. */
export function findNvidiaHook(): { readonly path: string; readonly env: readonly string[] } | undefined {
  const path = (process.env['PATH'] ?? '')
    .split(':')
    .filter(Boolean)
    .map((folder) => join(folder, NVIDIA_HOOK))
    .find((file) => existsSync(file));
  return path === undefined
    ? undefined
    : { path, env: Object.entries(process.env).map(([name, value]) => `${name}=${value}`) };
}
