import { createHash } from 'node:crypto';
import { KnownError } from '../../lib/errors.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import type { ContentStore } from './content-store.ts';
import { createGrowth } from './growth.ts';

/** The same rules in memory. `path` and `adopt` are refused: there is no file. */
export function createFakeContentStore(): ContentStore {
  const blobs = new Map<Digest, Uint8Array>();
  const partials = new Map<Digest, Uint8Array>();
  const get = (digest: Digest): Uint8Array => {
    const blob = blobs.get(digest);
    if (!blob) throw new KnownError('not_found', `content ${digest} not found`);
    return blob;
  };
  const store: ContentStore = {
    has: async (digest, size = blobs.get(digest)?.length) => blobs.has(digest) && blobs.get(digest)?.length === size,
    verify: async (digest) => blobs.has(digest),
    size: async (digest) => get(digest).length,
    path: async (digest) => {
      throw new KnownError('not_implemented', `content ${get(digest).length} has no path in memory`);
    },
    async readAll(digest, maxBytes = 8 * 1024 * 1024) {
      if (get(digest).length > maxBytes)
        throw new KnownError('invalid_parameter', `blob ${digest} is too large to be read at once`);
      return get(digest);
    },
    adopt: async (path) => {
      throw new KnownError('not_implemented', `${path} is no file in memory`);
    },
    async stream(digest, offset = 0) {
      const blob = get(digest);
      return (async function* () {
        yield blob.subarray(offset);
      })();
    },
    async write(source, expected = {}) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of source) {
        expected.signal?.throwIfAborted();
        chunks.push(chunk.slice());
        size += chunk.length;
        expected.onProgress?.(size);
      }
      const blob = Buffer.concat(chunks);
      const digest = parseDigest(`sha256:${createHash('sha256').update(blob).digest('hex')}`);
      if (expected.size !== undefined && expected.size !== size)
        throw new KnownError('data_loss', `content has size ${size}, expected ${expected.size}`);
      if (expected.digest !== undefined && expected.digest !== digest)
        throw new KnownError('data_loss', `content has digest ${digest}, expected ${expected.digest}`);
      blobs.set(digest, blob);
      return { digest, size };
    },
    async resume({ digest, size }, source, { signal, onProgress, onOpen }) {
      if (await store.has(digest, size)) return;
      const before = partials.get(digest) ?? new Uint8Array();
      let bytes = Buffer.from(before);
      const growth = createGrowth('');
      growth.reach(bytes.byteLength);
      onOpen?.(growth.blob);
      try {
        for await (const chunk of source(bytes.byteLength)) {
          signal.throwIfAborted();
          bytes = Buffer.concat([bytes, chunk]);
          growth.reach(bytes.byteLength);
          onProgress?.(bytes.byteLength);
        }
      } catch (error) {
        partials.set(digest, bytes);
        growth.fail(error);
        throw error;
      }
      partials.delete(digest);
      const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
      if (found === digest && bytes.byteLength === size) {
        blobs.set(digest, bytes);
        growth.end();
        return;
      }
      const wrong = new KnownError('data_loss', `content has digest ${found}, expected ${digest}`);
      growth.fail(wrong);
      if (before.byteLength === 0) throw wrong;
      await store.resume({ digest, size }, source, { signal });
    },
    async dropPartials() {
      const bytes = [...partials.values()].reduce((sum, { length }) => sum + length, 0);
      partials.clear();
      return bytes;
    },
    forget: async (digest) => void partials.delete(digest),
    remove: async (digest) => void blobs.delete(digest),
    async *list() {
      for (const [digest, blob] of blobs) yield { digest, size: blob.length };
    },
  };
  return store;
}
