import { readFileSync } from 'node:fs';
import { errnoOf } from '../../lib/errors.ts';
import { MNT_DETACH, MS, mount, unmount } from '../ffi/libc.host.ts';
import type { Mounter } from './mounter.ts';
import { mountPointsBelow } from './mountinfo.ts';

export function createMounter(): Mounter {
  return {
    overlay(target, { lower, upper, work }) {
      mount('overlay', target, 'overlay', 0, `lowerdir=${lower.join(':')},upperdir=${upper},workdir=${work}`);
      mount('none', target, 'none', MS.PRIVATE);
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
    tmpfs(target, { sizeBytes, mode }) {
      const options = [
        ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`]),
        ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
      ];
      mount('tmpfs', target, 'tmpfs', MS.NOSUID | MS.NODEV, options.join(','));
    },
    list: (below) => mountPointsBelow(readFileSync('/proc/self/mountinfo', 'utf8'), below),
  };
}
