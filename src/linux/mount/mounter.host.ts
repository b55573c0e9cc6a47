import { readFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';
import { ownerSeen } from '../../lib/id-map.ts';
import { MNT_DETACH, mount, unmount } from '../ffi/libc.host.ts';
import { asFileOwner } from '../userns/file-owner.host.ts';
import { withMappedFolders } from './mapped-folders.host.ts';
import { MS } from './mount-flags.ts';
import { parseMountOptions } from './mount-options.ts';
import type { Mounter, OverlayFolders, Userns } from './mounter.ts';
import { mountPointsBelow, sharingOf } from './mountinfo.ts';
import { stage } from './stage.host.ts';

/** mount(2) takes its options in one page. */
const OPTION_BYTES = 4096;

export function createMounter(): Mounter {
  return {
    overlay(target, layers, { userns } = {}) {
      if (userns === undefined) mountOverlay(target, layers);
      else mountMapped(target, layers, userns);
    },
    unmount(target, { lazy = false } = {}) {
      try {
        unmount(target, lazy ? MNT_DETACH : 0);
      } catch (error) {
        if (errnoOf(error) !== 'EINVAL' && errnoOf(error) !== 'ENOENT') throw error;
      }
    },
    bind(source, target, { readOnly = false } = {}) {
      mount(source, target, 'none', MS.BIND | MS.REC);
      if (readOnly) mount('none', target, 'none', MS.BIND | MS.REMOUNT | MS.RDONLY);
      mount('none', target, 'none', MS.PRIVATE);
    },
    tmpfs(target, { sizeBytes, mode, swap = true }) {
      const options = [
        ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]),
        ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
      ];
      const make = (more: readonly string[]): void =>
        mount('tmpfs', target, 'tmpfs', MS.NOSUID | MS.NODEV, [...options, ...more].join(','));
      try {
        make(swap ? [] : ['noswap']);
      } catch (error) {
        if (swap || errnoOf(error) !== 'EINVAL') throw error;
        make([]);
      }
    },
    device(device, target, type, options) {
      const { flags, propagation, data } = parseMountOptions(options);
      mount(device, target, type, flags, data);
      try {
        if (propagation !== 0) mount('none', target, 'none', propagation);
        // A bind takes its flags by a second call, mount(2).
        if (flags & MS.BIND && flags & ~(MS.BIND | MS.REC)) mount('none', target, 'none', flags | MS.REMOUNT, data);
      } catch (error) {
        unmount(target, MNT_DETACH);
        throw error;
      }
    },
    stage,
    sharing: (path) => sharingOf(readFileSync('/proc/self/mountinfo', 'utf8'), path),
    list: (below) => mountPointsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), below),
  };
}

function mountOverlay(target: string, { lower, upper, work }: OverlayFolders): void {
  const options = (folders: readonly string[]): string =>
    `lowerdir=${folders.join(':')}${upper === undefined ? '' : `,upperdir=${upper},workdir=${work}`}`;
  if (options(lower).length < OPTION_BYTES) mount('overlay', target, 'overlay', 0, options(lower));
  else
    inFolder(dirname(lower[0] ?? '/'), (folder) =>
      mount('overlay', target, 'overlay', 0, options(lower.map((path) => relative(folder, path)))),
    );
  mount('none', target, 'none', MS.PRIVATE);
}

/** What the overlay itself makes (whiteouts, its work folder) belongs to who mounts it. */
function mountMapped(target: string, layers: OverlayFolders, { path, map }: Userns): void {
  withMappedFolders(target, layers, path, (mapped) =>
    asFileOwner(ownerSeen(map, { uid: 0, gid: 0 }), () => mountOverlay(target, mapped)),
  );
}

/** The kernel resolves relative paths of options from the current folder. The change is undone before anything else runs. */
function inFolder(folder: string, work: (folder: string) => void): void {
  const before = process.cwd();
  process.chdir(folder);
  try {
    work(folder);
  } finally {
    process.chdir(before);
  }
}
