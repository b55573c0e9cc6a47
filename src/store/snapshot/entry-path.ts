import { KnownError } from '../../lib/errors.ts';

/**
 * An archive's path as a clean relative one: `./a//b/` is `a/b`, the root is ``. Absolute paths are taken from the root.
 * Errors: invalid_parameter for `..`, a zero byte, or more than 4096 bytes.
 */
export function cleanEntryPath(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0') || name.length > 4096) {
    throw new KnownError(
      'invalid_parameter',
      `archive entry has a path outside its root: ${JSON.stringify(name.slice(0, 200))}`,
    );
  }
  return parts.join('/');
}

/** What an OCI whiteout name means (image-spec layer.md, "Whiteouts"). */
export type Whiteout =
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'opaque'; readonly folder: string };

const PREFIX = '.wh.';

export function toWhiteout(path: string): Whiteout | undefined {
  const slash = path.lastIndexOf('/');
  const [folder, name] = [path.slice(0, slash + 1), path.slice(slash + 1)];
  if (!name.startsWith(PREFIX)) return undefined;
  if (name === '.wh..wh..opq') return { kind: 'opaque', folder: folder.slice(0, -1) };
  const hidden = name.slice(PREFIX.length);
  if (hidden === '' || hidden === '.' || hidden === '..')
    throw new KnownError('invalid_parameter', `archive has a malformed whiteout: ${path.slice(0, 200)}`);
  return { kind: 'remove', path: `${folder}${hidden}` };
}

/** `a/b/c` -> `a`, `a/b`. */
export function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
