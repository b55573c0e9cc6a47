import { createHash, type Hash } from 'node:crypto';
import { clean } from '../../build/plan/paths.ts';
import { KnownError } from '../../lib/errors.ts';
import { tarEvents } from '../../lib/tar/events.ts';
import type { TarHeader } from '../../lib/tar/header.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ContentStore } from '../../store/content/content-store.ts';
import { coalesce } from './coalesce.ts';

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
  const { digest } = await content.write(coalesce(index.fileContents(archive)), { signal });
  return { entries: index.entries, read: createRangeReader(content, digest, signal) };
}

/** Names, link targets and attributes of all entries together: what the index holds in memory. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;

interface Index {
  readonly entries: Map<string, ContextEntry>;
  /** The content of all files, one after the other; the index is complete when it ends. */
  fileContents(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
}

function createIndex(): Index {
  const entries = new Map<string, ContextEntry>();
  let offset = 0;
  let indexBytes = 0;
  let current: { readonly header: TarHeader; readonly start: number; readonly hash: Hash } | undefined;
  const begin = (header: TarHeader): void => {
    current = { header, start: offset, hash: createHash('sha256') };
    indexBytes += header.name.length + header.linkName.length;
    for (const [name, { length }] of Object.entries(header.xattrs)) indexBytes += name.length + length;
    if (indexBytes > MAX_INDEX_BYTES)
      throw new KnownError('invalid_parameter', `the build context has more than ${MAX_INDEX_BYTES} bytes of names`);
  };
  return {
    entries,
    async *fileContents(archive) {
      for await (const event of tarEvents(archive)) {
        if (event.kind === 'entry') begin(event.header);
        else if (event.kind === 'end') {
          if (current) add(entries, current.header, current.start, current.hash);
        } else {
          current?.hash.update(event.piece);
          offset += event.piece.length;
          yield event.piece;
        }
      }
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

/** Files up to this size are read many at a time: an archive lists them in about the order in which they are asked for. */
const WINDOW_BYTES = 1024 * 1024;

function createRangeReader(content: ContentStore, digest: Digest, signal: AbortSignal): BuildContext['read'] {
  let window: { readonly start: number; readonly bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };
  return async function* read({ header: { name, size }, offset }) {
    signal.throwIfAborted();
    if (size === 0) return;
    if (size > WINDOW_BYTES) {
      yield* exactly(await content.stream(digest, offset), size, name, signal);
      return;
    }
    const inside = offset >= window.start && offset + size <= window.start + window.bytes.length;
    if (!inside) window = { start: offset, bytes: await atMost(await content.stream(digest, offset), WINDOW_BYTES) };
    const piece = window.bytes.subarray(offset - window.start, offset - window.start + size);
    if (piece.length < size) throw cutOff(name);
    yield piece;
  };
}

async function atMost(stream: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    pieces.push(chunk.slice());
    length += chunk.length;
    if (length >= limit) break;
  }
  return Buffer.concat(pieces);
}

async function* exactly(
  stream: AsyncIterable<Uint8Array>,
  size: number,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of stream) {
    signal.throwIfAborted();
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    yield piece;
    if (left === 0) return;
  }
  throw cutOff(name);
}

function cutOff(name: string): KnownError {
  return new KnownError('data_loss', `the build context is cut off in ${name}`);
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
