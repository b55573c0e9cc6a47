import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createKeyedLock } from '../../lib/async/keyed-lock.ts';
import { algorithmOf, type ContentDigest, type DigestAlgorithm, finishDigest } from '../name.ts';
import { RegistryError } from '../registry-error.ts';
import type { Blobs } from './blobs.ts';
import type { Driver } from './driver.ts';
import { uploadPath, uploadsPath } from './paths.ts';

/** Blobs that are coming in. An upload is a file and outlives the process; the hash so far is made anew from it when it is missing. */
export interface Uploads {
  /** Returns the id. */
  create(repository: string): Promise<string>;
  /** Bytes so far. Errors: BLOB_UPLOAD_UNKNOWN. */
  size(repository: string, id: string): Promise<number>;
  /**
   * Appends and returns the size after it. An earlier `append` of the same upload that still waits for its client is ended first: its
   * connection is taken to be dead. What came before a failure stays and can be resumed from.
   * Errors: BLOB_UPLOAD_UNKNOWN; BLOB_UPLOAD_INVALID with status 416 when `chunk.start` is not the size so far; SIZE_INVALID;
   * TOOMANYREQUESTS; whatever `body` throws.
   */
  append(repository: string, id: string, body: AsyncIterable<Uint8Array>, chunk?: Chunk): Promise<number>;
  /** Makes it a blob of the repository. Errors: BLOB_UPLOAD_UNKNOWN; DIGEST_INVALID (the upload is gone then). */
  commit(repository: string, id: string, digest: ContentDigest): Promise<void>;
  /** Errors: BLOB_UPLOAD_UNKNOWN. */
  cancel(repository: string, id: string): Promise<void>;
  /** Removes uploads of the repository to which nothing was added since; returns their ids. */
  purge(repository: string, beforeMs: number, dryRun: boolean): Promise<readonly string[]>;
  /** Uploads whose bytes are being received. */
  running(): number;
}

/** The place of a chunk: first byte, and number of bytes. */
export interface Chunk {
  readonly start: number;
  readonly length: number;
}

interface Hashing {
  readonly algorithm: DigestAlgorithm;
  readonly hash: Hash;
  hashedBytes: number;
}

export interface UploadsDeps {
  readonly driver: Driver;
  readonly blobs: Blobs;
  readonly now: () => number;
  readonly maxRunning: number;
}

export function createUploads({ driver, blobs, now, maxRunning }: UploadsDeps): Uploads {
  const hashes = new Map<string, Hashing>();
  const writers = new Map<string, AbortController>();
  const lock = createKeyedLock();
  const dataOf = (repository: string, id: string): string => `${uploadPath(repository, id)}/data`;

  async function sizeOf(repository: string, id: string): Promise<number> {
    const info = UUID.test(id) ? await driver.stat(dataOf(repository, id)) : undefined;
    if (info === undefined) throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    return info.sizeBytes;
  }

  /** The hash of all bytes of the file so far: the one that was kept, else made from the file. */
  async function hashing(repository: string, id: string, algorithm: DigestAlgorithm, size: number): Promise<Hashing> {
    const kept = hashes.get(id);
    if (kept?.hashedBytes === size && kept.algorithm === algorithm) return kept;
    const fresh: Hashing = { algorithm, hash: createHash(algorithm), hashedBytes: 0 };
    for await (const bytes of driver.stream(dataOf(repository, id), { start: 0, end: size })) advance(fresh, bytes);
    hashes.set(id, fresh);
    return fresh;
  }

  async function receive(
    repository: string,
    id: string,
    source: AsyncIterable<Uint8Array>,
    chunk?: Chunk,
  ): Promise<number> {
    const before = await sizeOf(repository, id);
    if (chunk && chunk.start !== before) throw rangeInvalid(before);
    const state = await hashing(repository, id, hashes.get(id)?.algorithm ?? 'sha256', before);
    await using file = await driver.append(dataOf(repository, id));
    let received = 0;
    for await (const bytes of source) {
      received += bytes.length;
      if (chunk && received > chunk.length) throw sizeInvalid();
      await file.write(bytes);
      advance(state, bytes);
    }
    if (chunk && received !== chunk.length) throw sizeInvalid();
    return before + received;
  }

  async function discard(repository: string, id: string): Promise<void> {
    hashes.delete(id);
    await driver.remove(uploadPath(repository, id));
  }

  async function lastChange(repository: string, id: string): Promise<number> {
    const files = ['data', 'startedat'].map(async (name) => await driver.stat(`${uploadPath(repository, id)}/${name}`));
    return Math.max(...(await Promise.all(files)).map((info) => info?.modifiedMs ?? 0));
  }

  async function verify(repository: string, id: string, digest: ContentDigest): Promise<void> {
    const size = await sizeOf(repository, id);
    const { algorithm, hash } = await hashing(repository, id, algorithmOf(digest), size);
    hashes.delete(id);
    const actual = finishDigest(algorithm, hash);
    if (actual === digest) return;
    await discard(repository, id);
    throw new RegistryError('DIGEST_INVALID', 'provided digest did not match uploaded content', {
      detail: { expected: digest, actual },
    });
  }

  return {
    async create(repository) {
      const id = randomUUID();
      await driver.write(`${uploadPath(repository, id)}/startedat`, new Date(now()).toISOString());
      await using _file = await driver.append(dataOf(repository, id));
      return id;
    },
    size: sizeOf,
    async append(repository, id, body, chunk) {
      writers.get(id)?.abort(new RegistryError('BLOB_UPLOAD_INVALID', 'another request took the upload over'));
      if (writers.size >= maxRunning && !writers.has(id)) throw tooMany();
      const writer = new AbortController();
      writers.set(id, writer);
      try {
        return await lock.run(id, async () => {
          writer.signal.throwIfAborted();
          return await receive(repository, id, until(body, writer.signal), chunk);
        });
      } finally {
        if (writers.get(id) === writer) writers.delete(id);
      }
    },
    async commit(repository, id, digest) {
      writers.get(id)?.abort(new RegistryError('BLOB_UPLOAD_INVALID', 'another request finished the upload'));
      await lock.run(id, async () => {
        await verify(repository, id, digest);
        const file = await driver.append(dataOf(repository, id));
        await file.sync();
        await file[Symbol.asyncDispose]();
        await blobs.adopt(repository, digest, dataOf(repository, id));
        await discard(repository, id);
      });
    },
    async cancel(repository, id) {
      await sizeOf(repository, id);
      writers.get(id)?.abort(new RegistryError('BLOB_UPLOAD_UNKNOWN', 'the upload was cancelled'));
      await lock.run(id, async () => await discard(repository, id));
    },
    async purge(repository, beforeMs, dryRun) {
      const purged: string[] = [];
      for (const name of await driver.list(uploadsPath(repository))) {
        const id = name.replace(/\/$/, '');
        if (writers.has(id)) continue;
        await lock.run(id, async () => {
          if ((await lastChange(repository, id)) >= beforeMs) return;
          purged.push(id);
          if (!dryRun) await discard(repository, id);
        });
      }
      return purged;
    },
    running: () => writers.size,
  };
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function advance(state: Hashing, bytes: Uint8Array): void {
  state.hash.update(bytes);
  state.hashedBytes += bytes.length;
}

/** The items of `source` until the signal; then its reason is thrown, even while an item is being waited for. */
async function* until(source: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  let stop: (reason: unknown) => void = () => undefined;
  const onAbort = (): void => stop(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const items = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      signal.throwIfAborted();
      const item = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        stop = reject;
        items.next().then(resolve, reject);
      });
      if (item.done) return;
      yield item.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    void items.return?.().catch(() => undefined);
  }
}

function rangeInvalid(size: number): RegistryError {
  return new RegistryError('BLOB_UPLOAD_INVALID', `the chunk does not begin where the upload ends, at ${size}`, {
    status: 416,
  });
}

function sizeInvalid(): RegistryError {
  return new RegistryError('SIZE_INVALID', 'provided length did not match content length');
}

function tooMany(): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', 'too many uploads at once', { headers: { 'Retry-After': '5' } });
}
