import { errnoOf } from '../../lib/errors.ts';
import { type Attributes, isKept } from '../../oci/kept-attributes.ts';
import { lgetxattr, llistxattr, lsetxattr } from '../ffi/libc.host.ts';

const NONE: Attributes = {};

/** Those that are kept. */
export function readAttributes(path: string, names: readonly string[] = llistxattr(path)): Attributes {
  const kept = names.filter(isKept);
  return kept.length === 0 ? NONE : Object.fromEntries(kept.map((name) => [name, lgetxattr(path, name)]));
}

/** What the file system does not take is left out. */
export function writeAttributes(path: string, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!isKept(name)) continue;
    try {
      lsetxattr(path, name, value);
    } catch (error) {
      if (errnoOf(error) !== 'ENOTSUP' && errnoOf(error) !== 'EPERM') throw error;
    }
  }
}
