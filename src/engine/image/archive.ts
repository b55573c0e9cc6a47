import { posix } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import { type TarEvent, tarEvents } from '../../lib/tar/events.ts';
import type { Digest } from '../../oci/digest.ts';
import { isDigest } from '../../oci/digest.ts';
import type { ContentStore } from '../../store/content/content-store.ts';
import { invalidArchive } from './errors.ts';

/** A file of an archive, kept as a blob. */
export interface ArchiveFile {
  readonly digest: Digest;
  readonly size: number;
}

/** What an image archive holds, by clean relative path. */
export interface Archive {
  /** Follows symbolic links inside the archive; undefined when there is no such file. Errors: invalid_parameter for endless links. */
  file(path: string): ArchiveFile | undefined;
}

const MAX_ENTRIES = 100_000;
const MAX_LINKS = 16;

/**
 * Reads a tar whose every file becomes a blob while it streams; `blobs/sha256/<hex>` is checked against its name. Which of
 * them are needed is known only afterwards, the rest is the collector's: call it with a lease held.
 * Errors: invalid_parameter for a malformed archive, a path that leaves it, or too many entries; data_loss for a wrong blob.
 */
export async function readArchive(
  content: ContentStore,
  plain: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<Archive> {
  const files = new Map<string, ArchiveFile>();
  const links = new Map<string, string>();
  const events = tarEvents(plain);
  let entries = 0;
  try {
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.kind !== 'entry') continue;
      const { header } = next.value;
      if (++entries > MAX_ENTRIES) throw invalidArchive(`more than ${MAX_ENTRIES} entries`);
      const path = cleanPath(header.name);
      if (header.type === 'file') files.set(path, await keepFile(content, path, header.size, events, signal));
      if (header.type === 'symlink') links.set(path, cleanPath(posix.join(posix.dirname(path), header.linkName)));
      if (header.type === 'link') links.set(path, cleanPath(header.linkName));
    }
  } finally {
    await events.return(undefined);
  }
  return { file: (path) => follow(files, links, path) };
}

async function keepFile(
  content: ContentStore,
  path: string,
  size: number,
  events: AsyncIterator<TarEvent>,
  signal: AbortSignal,
): Promise<ArchiveFile> {
  const digest = `sha256:${/^blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1] ?? ''}`;
  const expected = isDigest(digest) ? { digest } : {};
  return content.write(entryData(events), { ...expected, size, signal });
}

async function* entryData(events: AsyncIterator<TarEvent>): AsyncGenerator<Uint8Array> {
  for (let next = await events.next(); !next.done && next.value.kind !== 'end'; next = await events.next()) {
    if (next.value.kind === 'data') yield next.value.piece;
  }
}

function cleanPath(name: string): string {
  const path = posix.normalize(name).replace(/^\.\//, '').replace(/\/$/, '');
  if (posix.isAbsolute(path) || path === '..' || path.startsWith('../') || path.includes('\0')) {
    throw invalidArchive(`the path ${JSON.stringify(name.slice(0, 200))} leaves the archive`);
  }
  return path;
}

function follow(
  files: ReadonlyMap<string, ArchiveFile>,
  links: ReadonlyMap<string, string>,
  path: string,
): ArchiveFile | undefined {
  let at: string | undefined = cleanPath(path);
  for (let hop = 0; hop <= MAX_LINKS; hop++) {
    if (at === undefined) return undefined;
    const file = files.get(at);
    if (file) return file;
    at = links.get(at);
  }
  throw new KnownError('invalid_parameter', `invalid image archive: too many links at ${path.slice(0, 200)}`);
}
