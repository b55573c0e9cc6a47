import { mkdirSync, realpathSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import { createExtractor } from '../../lib/tar/extract.ts';
import type { TarHeader } from '../../lib/tar/header.ts';
import { createTarParser } from '../../lib/tar/parser.ts';

/**
 * Puts the files of a build into a folder, which is made when it is missing; they become the user's. Links are written as they are, wherever they lead, and none
 * is followed out of the folder, neither one of the archive nor one that was there. Errors: invalid_parameter for an entry that would be outside.
 */
export async function extractOutput(archive: AsyncIterable<Uint8Array>, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const root = realpathSync(folder);
  const { sink, finish, close } = createExtractor({
    folder: root,
    keepKinds: true,
    owner: undefined,
    check: (path, header) => checkInside(root, path, header),
  });
  const parser = createTarParser(sink);
  try {
    for await (const piece of archive) parser.write(piece);
    parser.end();
    finish();
  } finally {
    close();
  }
}

function checkInside(root: string, path: string, { name, type, linkName }: TarHeader): void {
  const refuse = (): never => {
    throw new KnownError('invalid_parameter', `"${name}" is outside of "${root}"`);
  };
  if (path !== root && !isBelow(existing(dirname(path)), root)) refuse();
  if (type === 'link' && !isBelow(existing(dirname(posix.join(root, linkName))), root)) refuse();
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
