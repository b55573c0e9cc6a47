import { createWriteStream, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KnownError } from '../../lib/errors.ts';

/** Refuses what a file cannot take the place of, in the words of moby's atomicwriter. */
export function checkSaveTarget(path: string, doing: string): void {
  const problem = (text: string): KnownError => new KnownError('invalid_parameter', `${doing}: ${text}`);
  const directory = dirname(path);
  if (!statSync(directory, { throwIfNoEntry: false }))
    throw problem(`invalid output path: stat ${directory}: no such file or directory`);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw problem('cannot write to a directory');
  if (found?.isFIFO()) throw problem('cannot write to a named pipe file');
  if (found?.isSocket()) throw problem('cannot write to a socket file');
  if (found?.isCharacterDevice()) throw problem('cannot write to a character device file');
  if (found?.isBlockDevice()) throw problem('cannot write to a block device file');
}

/** The file appears when it is complete. */
export async function writeWhole(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const target = `${path}.tmp-${process.pid}`;
  try {
    await pipeline(body, createWriteStream(target, { mode: 0o600 }));
    await rename(target, path);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}
