import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { access, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyedLock } from '../../lib/async/keyed-lock.ts';
import { errnoOf, KnownError } from '../../lib/errors.ts';
import { type Digest, digestHex, isDigest, parseDigest } from '../../oci/digest.ts';
import type { ContentStore } from './content-store.ts';
import { dropOld, fetchPartial } from './partial.host.ts';

const READ_ALL_BYTES = 8 * 1024 * 1024;

/**
 * The store on disk, an OCI image layout (image-spec image-layout.md):
 *
 *   <root>/oci-layout
 *         /blobs/sha256/<hex>   complete, verified blobs
 *         /partial/<hex>        beginnings of blobs being fetched; outlive the daemon
 *         /ingest/<uuid>        being written; emptied at start
 */
export function createContentStore(deps: { readonly root: string }): ContentStore {
  const blobs = join(deps.root, 'blobs', 'sha256');
  const ingest = join(deps.root, 'ingest');
  rmSync(ingest, { recursive: true, force: true });
  const partial = join(deps.root, 'partial');
  const locks = createKeyedLock();
  for (const folder of [blobs, ingest, partial]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  writeFileSync(join(deps.root, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}\n');
  const pathOf = (digest: Digest): string => join(blobs, digestHex(digest));

  const store: ContentStore = {
    has: async (digest, size) =>
      await stat(pathOf(digest)).then(
        (info) => size === undefined || info.size === size,
        () => false,
      ),
    size: async (digest) => (await found(digest, stat(pathOf(digest)))).size,
    async path(digest) {
      await found(digest, access(pathOf(digest)));
      return pathOf(digest);
    },
    async readAll(digest, maxBytes = READ_ALL_BYTES) {
      const size = await store.size(digest);
      if (size > maxBytes)
        throw new KnownError('invalid_parameter', `blob ${digest} is too large to be read at once: ${size} bytes`);
      const bytes = await found(digest, readFile(pathOf(digest)));
      if (createHash('sha256').update(bytes).digest('hex') === digestHex(digest)) return bytes;
      await rm(pathOf(digest), { force: true });
      throw new KnownError('not_found', `content ${digest} was damaged on disk and is removed`);
    },
    async verify(digest) {
      if (!(await store.has(digest))) return false;
      const hash = createHash('sha256');
      for await (const chunk of await store.stream(digest)) hash.update(chunk);
      if (hash.digest('hex') === digestHex(digest)) return true;
      await rm(pathOf(digest), { force: true });
      return false;
    },
    async stream(digest, offset = 0) {
      await found(digest, access(pathOf(digest)));
      return createReadStream(pathOf(digest), { highWaterMark: 256 * 1024, start: offset });
    },
    async write(source, expected = {}) {
      const temporary = join(ingest, randomUUID());
      try {
        const written = await ingestTo(temporary, source, expected);
        await rename(temporary, pathOf(written.digest));
        await sync(blobs);
        return written;
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async adopt(path, digest) {
      await sync(path);
      await rename(path, pathOf(digest));
      await sync(blobs);
    },
    resume: (descriptor, source, options) =>
      locks.run(descriptor.digest, async () => {
        if (await store.has(descriptor.digest, descriptor.size)) return;
        options.signal.throwIfAborted();
        await fetchPartial(join(partial, digestHex(descriptor.digest)), descriptor, source, options);
        await rename(join(partial, digestHex(descriptor.digest)), pathOf(descriptor.digest));
        await sync(blobs);
      }),
    forget: (digest) =>
      locks.run(digest, async () => {
        await rm(join(partial, digestHex(digest)), { force: true });
      }),
    dropPartials: (beforeMs) => dropOld(partial, beforeMs),
    remove: async (digest) => await rm(pathOf(digest), { force: true }),
    async *list() {
      for await (const { name } of await opendir(blobs)) {
        const digest = `sha256:${name}`;
        if (!isDigest(digest)) continue;
        const size = await sizeIfThere(join(blobs, name));
        if (size !== undefined) yield { digest, size };
      }
    },
  };
  return store;
}

async function ingestTo(
  path: string,
  source: AsyncIterable<Uint8Array>,
  expected: NonNullable<Parameters<ContentStore['write']>[1]>,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(path, 'wx', 0o644);
  try {
    for await (const chunk of source) {
      expected.signal?.throwIfAborted();
      hash.update(chunk);
      size += chunk.length;
      if (expected.size !== undefined && size > expected.size)
        throw mismatch('size', `more than ${expected.size}`, expected.size);
      await file.writeFile(chunk);
      expected.onProgress?.(size);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const digest = parseDigest(`sha256:${hash.digest('hex')}`);
  if (expected.size !== undefined && size !== expected.size) throw mismatch('size', size, expected.size);
  if (expected.digest !== undefined && digest !== expected.digest) throw mismatch('digest', digest, expected.digest);
  return { digest, size };
}

function mismatch(what: string, got: string | number, wanted: string | number): KnownError {
  return new KnownError('data_loss', `content has ${what} ${got}, expected ${wanted}`);
}

async function found<T>(digest: Digest, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw new KnownError('not_found', `content ${digest} not found`, { cause: error });
    throw error;
  }
}

/** fsync(2) of a file or folder. */
async function sync(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** undefined: it has been removed meanwhile. */
async function sizeIfThere(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
