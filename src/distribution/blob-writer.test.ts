import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { parseDigest } from '../oci/digest.ts';
import { createRegistryClient } from './create-registry-client.ts';
import type { BlobPush, BlobPushed } from './registry-client.ts';
import type { Fetch } from './transport.ts';

const BYTES = Buffer.alloc(3 << 20, 'layer');
const DIGEST = parseDigest(`sha256:${createHash('sha256').update(BYTES).digest('hex')}`);

/** A registry in memory that follows distribution-spec 1.1, with faults on demand. */
function fakeRegistry(faults: {
  /** The n-th PATCH breaks after so many bytes, which are kept. */
  readonly breakAfter?: readonly number[];
  /** Requests with more bytes are refused as too large. */
  readonly maxBytes?: number;
  /** The upload's state is not told. */
  readonly forgets?: boolean;
  /** `from` of mounts that work. */
  readonly mounts?: string;
  readonly unauthorizedAt?: number;
  /** So many requests after the first break find nobody. */
  readonly awayFor?: number;
}): {
  readonly fetch: Fetch;
  readonly requests: string[];
  readonly received: () => number;
  readonly blob: () => Buffer;
} {
  const requests: string[] = [];
  const breaks = [...(faults.breakAfter ?? [])];
  let upload = Buffer.alloc(0);
  let stored: Buffer | undefined;
  let sessions = 0;
  let received = 0;
  let tokens = 0;
  let broken = false;
  let away = faults.awayFor ?? 0;
  const where = (): Record<string, string> => ({
    location: `/v2/x/blobs/uploads/${sessions}?state=${upload.byteLength}`,
    ...(upload.byteLength > 0 ? { range: `0-${upload.byteLength - 1}` } : {}),
  });
  const take = async (body: unknown, most: number): Promise<void> => {
    for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
      const part = piece.subarray(0, most - received);
      upload = Buffer.concat([upload, part]);
      received += part.byteLength;
      broken ||= received >= most;
      if (received >= most) throw new Error('socket hang up');
    }
  };
  const fetch: Fetch = async (address, init) => {
    const url = new URL(address);
    const { method = 'GET' } = init;
    if (url.pathname === '/token') return Response.json({ token: `t${++tokens}` });
    if (broken && away > 0) {
      away--;
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    }
    requests.push(`${method} ${url.pathname}${url.searchParams.has('mount') ? '?mount' : ''}`);
    if (faults.unauthorizedAt !== undefined && requests.length >= faults.unauthorizedAt && tokens === 0) {
      const wanted = 'Bearer realm="https://r.example/token",service="r"';
      return new Response('', { status: 401, headers: { 'www-authenticate': wanted } });
    }
    const length = Number(new Headers(init.headers).get('content-length') ?? 0);
    if (length > (faults.maxBytes ?? Number.POSITIVE_INFINITY)) return new Response('', { status: 413 });
    if (method === 'HEAD') return new Response(null, { status: stored ? 200 : 404 });
    if (method === 'DELETE') return new Response(null, { status: 204 });
    if (method === 'GET')
      return faults.forgets ? new Response('', { status: 404 }) : new Response(null, { status: 204, headers: where() });
    if (method === 'POST') {
      if (url.searchParams.get('from') && url.searchParams.get('from') === faults.mounts)
        return new Response(null, { status: 201 });
      sessions++;
      upload = Buffer.alloc(0);
      return new Response(null, { status: 202, headers: where() });
    }
    if (!url.pathname.endsWith(`/${sessions}`) || Number(url.searchParams.get('state')) !== upload.byteLength)
      return new Response('', { status: 416 });
    const breakAt = method === 'PATCH' ? breaks.shift() : undefined;
    await take(init.body, breakAt === undefined ? Number.POSITIVE_INFINITY : received + breakAt);
    if (method === 'PATCH') return new Response(null, { status: 202, headers: where() });
    const digest = createHash('sha256').update(upload).digest('hex');
    if (url.searchParams.get('digest') !== `sha256:${digest}`) return new Response('', { status: 400 });
    stored = upload;
    return new Response(null, { status: 201 });
  };
  return { fetch, requests, received: () => received, blob: () => stored ?? Buffer.alloc(0) };
}

async function pushTo(
  registry: { readonly fetch: Fetch },
  more: Partial<BlobPush> = {},
): Promise<{ readonly pushed: BlobPushed; readonly pausesMs: readonly number[] }> {
  const pausesMs: number[] = [];
  const client = createRegistryClient({
    fetch: registry.fetch,
    insecureRegistries: [],
    sleep: async (ms) => void pausesMs.push(ms),
  });
  const bytes = more.size === undefined ? BYTES : BYTES.subarray(0, more.size);
  const pushed = await client.repository({ registry: 'r.example', path: 'x' }, {}, { push: true }).pushBlob({
    digest: DIGEST,
    size: bytes.byteLength,
    mountFrom: [],
    read: async function* (offset) {
      for (let at = offset; at < bytes.byteLength; at += 100_000) yield bytes.subarray(at, at + 100_000);
    },
    signal: new AbortController().signal,
    ...more,
  });
  return { pushed, pausesMs };
}

test('a large blob goes by PATCH in one stream, a small one by one PUT', async () => {
  const registry = fakeRegistry({});
  await pushTo(registry);
  expect(registry.requests).toEqual([
    `HEAD /v2/x/blobs/${DIGEST}`,
    'POST /v2/x/blobs/uploads/',
    'PATCH /v2/x/blobs/uploads/1',
    'PUT /v2/x/blobs/uploads/1',
  ]);
  const small = fakeRegistry({});
  const digest = parseDigest(`sha256:${createHash('sha256').update(BYTES.subarray(0, 1000)).digest('hex')}`);
  await pushTo(small, { size: 1000, digest });
  expect(small.requests.slice(2)).toEqual(['PUT /v2/x/blobs/uploads/1']);
});

test('after a break only the missing bytes are sent, at once', async () => {
  const registry = fakeRegistry({ breakAfter: [1_000_000, 700_001] });
  const progress: number[] = [];
  const { pausesMs } = await pushTo(registry, { onProgress: (bytes) => progress.push(bytes) });
  expect(registry.received()).toBe(BYTES.byteLength);
  expect(registry.blob().equals(BYTES)).toBe(true);
  expect(pausesMs).toEqual([]);
  expect(progress.at(-1)).toBe(BYTES.byteLength);
});

test('a registry that forgets its uploads gets the blob from the start, after a pause that is told', async () => {
  const registry = fakeRegistry({ breakAfter: [1_000_000], forgets: true });
  const told: number[] = [];
  const { pushed } = await pushTo(registry, { onRetry: (seconds) => told.push(seconds) });
  expect(pushed).toEqual({ kind: 'uploaded' });
  expect(told).toEqual([5, 4, 3, 2, 1]);
  expect(registry.blob().equals(BYTES)).toBe(true);
});

test('five attempts without a new byte are the end', async () => {
  const registry = fakeRegistry({ breakAfter: [5, 5, 5, 5, 5, 5, 5], forgets: true });
  const failing = pushTo(registry);
  await expect(failing).rejects.toThrow(/^upload of sha256:\w+ failed: Patch ".*": socket hang up$/);
  expect(registry.requests.filter((line) => line.startsWith('PATCH')).length).toBe(5);
});

test('a registry that refuses large requests gets parts of 16 MiB', async () => {
  const big = Buffer.alloc(40 << 20, 'b');
  const digest = parseDigest(`sha256:${createHash('sha256').update(big).digest('hex')}`);
  const registry = fakeRegistry({ maxBytes: 20 << 20 });
  await pushTo(registry, {
    digest,
    size: big.byteLength,
    read: async function* (offset) {
      for (let at = offset; at < big.byteLength; at += 1 << 20) yield big.subarray(at, at + (1 << 20));
    },
  });
  expect(registry.requests.filter((line) => line.startsWith('PATCH')).length).toBe(4);
  expect(registry.blob().equals(big)).toBe(true);
});

test('mounts are tried in order; the upload that a failed mount opens is given up when another works', async () => {
  const registry = fakeRegistry({ mounts: 'base' });
  const { pushed } = await pushTo(registry, { mountFrom: ['other', 'base'] });
  expect(pushed).toEqual({ kind: 'mounted', from: 'base' });
  expect(registry.requests.slice(1)).toEqual([
    'POST /v2/x/blobs/uploads/?mount',
    'POST /v2/x/blobs/uploads/?mount',
    'DELETE /v2/x/blobs/uploads/1',
  ]);
  const none = fakeRegistry({});
  expect((await pushTo(none, { mountFrom: ['other'] })).pushed).toEqual({ kind: 'uploaded' });
  expect(none.requests.filter((line) => line.startsWith('POST')).length).toBe(1);
});

test('a 401 in the middle of an upload is answered with a new token and the upload goes on', async () => {
  const registry = fakeRegistry({ unauthorizedAt: 3 });
  expect((await pushTo(registry)).pushed).toEqual({ kind: 'uploaded' });
  expect(registry.blob().equals(BYTES)).toBe(true);
});

test('a cancelled upload ends at once and is not tried again', async () => {
  const registry = fakeRegistry({});
  const cancel = new AbortController();
  const pushing = pushTo(registry, {
    signal: cancel.signal,
    read: async function* () {
      yield BYTES.subarray(0, 1000);
      cancel.abort(new Error('enough'));
      throw new Error('broken by the cancel');
    },
  });
  await expect(pushing).rejects.toMatchObject({ kind: 'cancelled' });
  expect(registry.requests.filter((line) => line.startsWith('PATCH')).length).toBe(1);
});

test('a registry that is away for a moment in the middle, as when it starts again, is waited for, and the upload goes on', async () => {
  const registry = fakeRegistry({ breakAfter: [1_000_000], awayFor: 6 });
  const { pushed, pausesMs } = await pushTo(registry);
  expect(pushed).toEqual({ kind: 'uploaded' });
  expect(registry.blob().equals(BYTES)).toBe(true);
  expect(registry.received()).toBe(BYTES.byteLength);
  expect(pausesMs.length).toBeGreaterThan(0);
});

test('one that never comes back is given up', async () => {
  const gone = fakeRegistry({ breakAfter: [1_000_000], awayFor: Number.POSITIVE_INFINITY });
  await expect(pushTo(gone)).rejects.toThrow('connection refused');
});
