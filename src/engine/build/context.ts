import { createHash, type Hash } from 'node:crypto';
import { clean } from '../../build/plan/paths.ts';
import { KnownError } from '../../lib/errors.ts';
import type { TarHeader } from '../../lib/tar/header.ts';
import { createTarParser } from '../../lib/tar/parser.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../../store/content/content-store.ts';

/** A build context: an index in memory, the content of all files in one blob. No entry's name leaves the root `/`. */
export interface BuildContext {
  /** By absolute path; folders that the archive does not name are not in it. */
  readonly entries: ReadonlyMap<string, ContextEntry>;
  /** Content of a file entry. */
  read(entry: ContextEntry): AsyncIterable<Uint8Array>;
}

export interface ContextEntry {
  readonly header: TarHeader;
  /** Where a file's content begins in the blob. */
  readonly offset: number;
  /** SHA-256 of a file's content, in hexadecimal; '' for the rest. */
  readonly contentHash: string;
}

const MAX_ENTRIES = 2_000_000;

/** Reads a plain tar to its end. Errors: invalid_parameter for a malformed or endless archive. */
export async function readContext(
  content: ContentStore,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<BuildContext> {
  const index = createIndex();
  const { digest } = await content.write(index.fileContents(archive), { signal });
  return { entries: index.entries, read: (entry) => readRange(content, digest, entry, signal) };
}

interface Index {
  readonly entries: Map<string, ContextEntry>;
  /** The content of all files, one after the other; the index is complete when it ends. */
  fileContents(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
}

function createIndex(): Index {
  const entries = new Map<string, ContextEntry>();
  let pieces: Uint8Array[] = [];
  let offset = 0;
  let current: { readonly header: TarHeader; readonly start: number; readonly hash: Hash } | undefined;
  const parser = createTarParser({
    entry(header) {
      current = { header, start: offset, hash: createHash('sha256') };
    },
    data(piece) {
      current?.hash.update(piece);
      offset += piece.length;
      pieces.push(piece.slice());
    },
    entryEnd() {
      if (current) add(entries, current.header, current.start, current.hash);
    },
  });
  return {
    entries,
    async *fileContents(archive) {
      for await (const chunk of archive) {
        parser.write(chunk);
        yield* pieces;
        pieces = [];
      }
      parser.end();
    },
  };
}

function add(entries: Map<string, ContextEntry>, header: TarHeader, offset: number, hash: Hash): void {
  const path = clean(header.name);
  if (path === '/') return;
  if (entries.size >= MAX_ENTRIES) throw new KnownError('invalid_parameter', 'the build context has too many entries');
  const linked = header.type === 'link' ? entries.get(clean(header.linkName)) : undefined;
  if (header.type === 'link' && linked?.header.type !== 'file')
    throw new KnownError('invalid_parameter', `the build context links ${header.name} to nothing: ${header.linkName}`);
  const contentHash = header.type === 'file' ? hash.digest('hex') : '';
  // folders first seen as a parent of nothing keep their last description, as extraction would
  entries.delete(path);
  entries.set(
    path,
    linked ? { ...linked, header: { ...linked.header, name: header.name } } : { header, offset, contentHash },
  );
}

async function* readRange(
  content: ContentStore,
  digest: Digest,
  { header, offset }: ContextEntry,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let left = header.size;
  if (left === 0) return;
  for await (const chunk of await content.stream(digest, offset)) {
    signal.throwIfAborted();
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    yield piece;
    if (left === 0) return;
  }
  throw new KnownError('data_loss', `the build context is cut off in ${header.name}`);
}

const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/** A small file as text; undefined when there is none at the path. Errors: invalid_parameter when it is larger than 8 MiB. */
export async function readText(context: BuildContext, path: string): Promise<string | undefined> {
  const entry = context.entries.get(clean(path));
  if (entry?.header.type !== 'file') return undefined;
  if (entry.header.size > MAX_TEXT_BYTES) throw new KnownError('invalid_parameter', `${path} is too large`);
  const pieces: Uint8Array[] = [];
  for await (const piece of context.read(entry)) pieces.push(piece.slice());
  return Buffer.concat(pieces).toString('utf8');
}
