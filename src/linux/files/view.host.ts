import { existsSync, fstatSync, lstatSync, mkdirSync, openSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';
import { ownerSeen } from '../../lib/id-map.ts';
import {
  attachMount,
  CLONE_FS,
  CLONE_NEWNS,
  chroot,
  cloneMount,
  cloneMountAt,
  closeFd,
  mount,
  openInRoot,
  unshare,
} from '../ffi/libc.host.ts';
import { MS } from '../mount/mount-flags.ts';
import { createMounter } from '../mount/mounter.host.ts';
import type { Userns } from '../mount/mounter.ts';
import { becomeFileOwner } from '../userns/file-owner.host.ts';
import { mapClone } from '../userns/user-namespaces.host.ts';
import type { FilesView, OverlayLayers, ViewBind } from './view.ts';

/**
 * Makes a view the root of this thread, for good. `place` is an empty folder to mount on. Sources of binds are opened before, destinations
 * resolved after the root has changed: no link in the container leads either astray. A bind whose source is gone is left out.
 */
export function enterView({ root, binds }: FilesView, place: string): void {
  ownMounts();
  const path = root.kind === 'mounted' ? root.path : place;
  if (root.kind === 'layers') createMounter().overlay(place, root.layers);
  const userns = root.kind === 'mounted' ? root.userns : undefined;
  const open = binds.flatMap((bind) => openBind(bind) ?? []);
  if (userns) mapBinds(open, userns);
  chroot(path);
  if (userns) becomeFileOwner(ownerSeen(userns.map, { uid: 0, gid: 0 }));
  for (const { bind, fd, isFolder } of open) {
    attach(bind, fd, isFolder);
    closeFd(fd);
  }
}

interface OpenBind {
  readonly bind: ViewBind;
  readonly fd: number;
  readonly isFolder: boolean;
}

/** Undefined when the source is gone. */
function openBind(bind: ViewBind): OpenBind | undefined {
  const { source, subpath, recursive } = bind;
  if (!existsSync(source)) return undefined;
  if (subpath === undefined)
    return { bind, fd: cloneMount(source, recursive), isFolder: statSync(source).isDirectory() };
  const root = openSync(source, 'r');
  try {
    const place = openInRoot(root, subpath);
    try {
      return { bind, fd: cloneMountAt(place, recursive), isFolder: fstatSync(place).isDirectory() };
    } finally {
      closeFd(place);
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  } finally {
    closeFd(root);
  }
}

function mapBinds(open: readonly OpenBind[], { path }: Userns): void {
  const ids = openSync(path, 'r');
  try {
    for (const { bind, fd } of open)
      if (bind.isInside) mapClone(fd, ids, { what: bind.source, recursive: bind.recursive });
  } finally {
    closeFd(ids);
  }
}

/** A root with two folders: `/u`, what a container has written, and `/l`, the layers below it as one tree. Both are read-only. */
export function enterLayers({ lower, upper }: OverlayLayers, place: string, empty: string): void {
  ownMounts();
  mount('tmpfs', place, 'tmpfs', MS.NOSUID | MS.NODEV, 'size=64k,mode=700');
  mkdirSync(`${place}/u`);
  mkdirSync(`${place}/l`);
  mount(upper, `${place}/u`, 'none', MS.BIND);
  mount('none', `${place}/u`, 'none', MS.BIND | MS.REMOUNT | MS.RDONLY);
  createMounter().overlay(`${place}/l`, { lower: [...lower, empty] });
  chroot(place);
}

/** Mounts of this thread alone; what happens to the host's meanwhile is not seen. */
function ownMounts(): void {
  unshare(CLONE_FS | CLONE_NEWNS);
  mount('none', '/', 'none', MS.REC | MS.PRIVATE);
}

function attach({ destination, readOnly }: ViewBind, fd: number, isFolder: boolean): void {
  if (!existsAt(destination)) {
    mkdirSync(isFolder ? destination : dirname(destination), { recursive: true, mode: 0o755 });
    if (!isFolder) writeFileSync(destination, '', { mode: 0o644 });
  }
  attachMount(fd, destination);
  if (readOnly) mount('none', destination, 'none', MS.BIND | MS.REMOUNT | MS.RDONLY);
}

function existsAt(path: string): boolean {
  try {
    return lstatSync(path) !== undefined;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
