import { closeSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { attachMount, cloneMount, MNT_DETACH, unmount } from '../ffi/libc.host.ts';
import { mapClone } from '../userns/user-namespaces.host.ts';
import type { OverlayFolders } from './mounter.ts';

/**
 * Has the folders of an overlay seen through the user namespace of a file while `work` mounts them, beside `target`; the overlay keeps its own hold on
 * them (Linux 5.19). One mount for all lower folders and one for the upper, since an overlay can have hundreds.
 */
export function withMappedFolders(
  target: string,
  { lower, upper, work: workFolder }: OverlayFolders,
  userns: string,
  work: (mapped: OverlayFolders) => void,
): void {
  using undo = new DisposableStack();
  const ids = openSync(userns, 'r');
  undo.defer(() => closeSync(ids));
  const mapped = (folders: readonly string[], at: string): readonly string[] => {
    const above = commonFolder(folders);
    const clone = cloneMount(above, false);
    try {
      mapClone(clone, ids, { what: above, recursive: false });
      mkdirSync(at, { mode: 0o700 });
      undo.defer(() => rmdirSync(at));
      attachMount(clone, at);
      undo.defer(() => unmount(at, MNT_DETACH));
    } finally {
      closeSync(clone);
    }
    return folders.map((folder) => join(at, relative(above, folder)));
  };
  const below = mapped(lower, `${target}.lower`);
  if (upper === undefined || workFolder === undefined) return work({ lower: below });
  const [mappedUpper = '', mappedWork = ''] = mapped([upper, workFolder], `${target}.upper`);
  work({ lower: below, upper: mappedUpper, work: mappedWork });
}

/** The deepest folder that holds all of them. */
function commonFolder([first = '/', ...others]: readonly string[]): string {
  let above = dirname(first);
  while (!others.every((other) => above === '/' || other.startsWith(`${above}/`))) above = dirname(above);
  return above;
}
