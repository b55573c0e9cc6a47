import { realpathSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import { createExtractor } from '../../lib/tar/extract.ts';
import type { TarHeader } from '../../lib/tar/header.ts';
import { packTree } from '../../lib/tar/pack.ts';
import { createTarParser } from '../../lib/tar/parser.ts';
import { byCall } from './local.ts';
import { type CopyEnd, type CopyPlan, goClean, renameEntry, splitEntry } from './paths.ts';

type Rename = Extract<CopyPlan, { kind: 'copy' }>['rename'];

/** The archive of a local path, its root renamed; `count` is told the bytes as they go. */
export async function* packLocal(
  source: CopyEnd,
  rename: Rename,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const entry = splitEntry(source.path).entry;
  const name = renameEntry(source.rebase ? renameEntry(entry, { from: entry, to: source.rebase }) : entry, rename);
  for (const piece of packTree({ path: byCall(source.path), name: name === '' ? '/' : name })) {
    count(piece.length);
    yield piece;
  }
}

/**
 * Extracts a container's archive below a local folder; the files become the user's. The archive is not trusted: no name, no hard link and no
 * symbolic link on the way leads out of the folder.
 */
export async function extractLocal(
  archive: AsyncIterable<Uint8Array>,
  folder: string,
  renames: readonly Rename[],
  count: (bytes: number) => void,
): Promise<void> {
  const root = realpathSync(goClean(folder) || '/');
  const renamed = (name: string): string => renames.reduce<string>(renameEntry, name);
  const { sink, finish, close } = createExtractor({
    folder: root,
    keepKinds: true,
    owner: undefined,
    check: (path, header) => checkInside(root, path, header),
  });
  const parser = createTarParser({
    ...sink,
    entry: (header) =>
      sink.entry({
        ...header,
        name: renamed(header.name),
        linkName: header.type === 'link' ? renamed(header.linkName) : header.linkName,
      }),
  });
  try {
    for await (const piece of archive) {
      count(piece.length);
      parser.write(piece);
    }
    parser.end();
    finish();
  } finally {
    close();
  }
}

function checkInside(root: string, path: string, header: TarHeader): void {
  if (header.type === 'symlink') {
    const target = posix.join(dirname(path), header.linkName);
    if (!isBelow(target, root))
      throw new KnownError('invalid_parameter', `invalid symlink "${path}" -> "${header.linkName}"`);
  }
  if (path !== root && !isBelow(existing(dirname(path)), root))
    throw new KnownError('invalid_parameter', `"${header.name}" is outside of "${root}"`);
  if (header.type === 'link' && !isBelow(existing(dirname(posix.join(root, header.linkName))), root))
    throw new KnownError('invalid_parameter', `invalid hardlink "${path}" -> "${header.linkName}"`);
}

/** Where the deepest part of a path that exists really is. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path === '/' ? path : existing(dirname(path));
  }
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root === '/' ? '/' : `${root}/`);
}
