import { readSync } from 'node:fs';
import { KnownError } from '../../lib/errors.ts';
import { parseAttributes } from '../../oci/kept-attributes.ts';
import type { CopySource } from './copy-source.ts';
import { BUFFER_BYTES, createSparseWriter } from './sparse-writer.host.ts';
import type { TreeEntry } from './tree-entry.ts';

/** Files whose contents lie one behind the other in an open file. What is not among the entries is not there. */
export function createPackSource(pack: number, entries: readonly TreeEntry[]): CopySource {
  const byPath = new Map(entries.map((entry) => [entry.path, entry]));
  const linked = new Set(entries.map(({ sameAs }) => sameAs));
  const read = createWindow(pack);
  const entryAt = (path: string): TreeEntry => {
    const entry = byPath.get(path);
    if (entry === undefined) throw new KnownError('system', `${path} is not in the context`);
    return entry;
  };
  /** Each is valid until the next. */
  function* piecesOf(path: string): Generator<Uint8Array> {
    const { offset, size } = entryAt(path);
    for (let at = 0; at < size; ) {
      const piece = read(offset + at, Math.min(size - at, BUFFER_BYTES));
      if (piece.length === 0) throw new KnownError('data_loss', `the content of ${path} is cut off`);
      yield piece;
      at += piece.length;
    }
  }
  return {
    look(path) {
      const { type, mode, size, mtime, sameAs } = entryAt(path);
      if (type === 'other') throw new KnownError('system', `${path} cannot be in a context`);
      const identity = sameAs || (linked.has(path) ? path : undefined);
      return { type, mode, uid: 0, gid: 0, mtimeSeconds: mtime, size, identity, node: NO_NODE };
    },
    *below(folder) {
      const prefix = folder === '/' ? '/' : `${folder}/`;
      for (const path of byPath.keys())
        if (path.length > prefix.length && path.startsWith(prefix)) yield path.slice(prefix.length);
    },
    linkOf: (path) => entryAt(path).link,
    attributesOf: (path) => parseAttributes(entryAt(path).xattrs),
    readContent: (path) => Buffer.concat(Array.from(piecesOf(path), (piece) => Buffer.from(piece))),
    writeContent(path, target) {
      const writer = createSparseWriter(target);
      for (const piece of piecesOf(path)) writer.write(piece);
      writer.end();
    },
  };
}

const NO_NODE = { mode: 0, device: 0 };

/** Reads at most so many bytes from a place; small neighbours come of one read. Valid until the next call; empty at the end. */
function createWindow(fd: number): (offset: number, length: number) => Uint8Array {
  const window = Buffer.allocUnsafe(BUFFER_BYTES);
  let [begin, end] = [0, 0];
  return (offset, length) => {
    if (offset < begin || offset + length > end) {
      begin = offset;
      end = offset + readSync(fd, window, 0, window.length, offset);
    }
    return window.subarray(offset - begin, Math.min(end, offset + length) - begin);
  };
}
