import { describe, expect, test } from 'bun:test';
import type { Digest } from '../oci/digest.ts';
import { OCI_MANIFEST } from '../oci/media-type.ts';
import { createRegistryClient } from './create-registry-client.ts';
import { parseRateLimit } from './rate-limit.ts';
import type { RemoteRepository } from './registry-client.ts';

const NOW = Date.parse('2026-01-02T03:00:00Z');
const signal = new AbortController().signal;
const REFUSAL = { errors: [{ code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit.' }] };

describe('what a registry says of its limit', () => {
  test.each([
    [{}, undefined, ''],
    [{ 'retry-after': '5' }, 5000, ' (resets in 5s at 2026-01-02T03:00:05Z)'],
    [{ 'retry-after': 'Fri, 02 Jan 2026 03:00:30 GMT' }, 30_000, ' (resets in 30s at 2026-01-02T03:00:30Z)'],
    // The registry's clock is an hour ahead; only the difference counts.
    [
      { 'retry-after': 'Fri, 02 Jan 2026 04:00:30 GMT', date: 'Fri, 02 Jan 2026 04:00:00 GMT' },
      30_000,
      ' (resets in 30s at 2026-01-02T03:00:30Z)',
    ],
    [{ 'retry-after': 'soon' }, undefined, ''],
    [{ 'ratelimit-reset': '2460' }, 2_460_000, ' (resets in 41m0s at 2026-01-02T03:41:00Z)'],
    [{ 'ratelimit-reset': String(NOW / 1000 + 60) }, 60_000, ' (resets in 1m0s at 2026-01-02T03:01:00Z)'],
    [
      { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600' },
      undefined,
      ' (100 requests in 6h0m0s, 0 left)',
    ],
    [
      { 'ratelimit-limit': '10', 'ratelimit-reset': '90', 'retry-after': '7' },
      7000,
      ' (10 requests, resets in 1m30s at 2026-01-02T03:01:30Z)',
    ],
  ] as const)('%p', (headers, waitMs, note) => {
    expect(parseRateLimit(new Headers(headers), NOW)).toEqual({ waitMs, note });
  });
});

/** A repository whose registry refuses so many requests; `slept`: pauses in milliseconds. */
function limited(refusals: number, headers: Readonly<Record<string, string>>, answer: () => Response) {
  const slept: number[] = [];
  let requests = 0;
  const client = createRegistryClient({
    fetch: async (url) => {
      if (url.endsWith('/v2/')) return new Response('{}');
      requests++;
      return requests <= refusals ? Response.json(REFUSAL, { status: 429, headers }) : answer();
    },
    insecureRegistries: [],
    sleep: async (ms) => void slept.push(ms),
  });
  const repository: RemoteRepository = client.repository({ registry: 'r.example', path: 'a' });
  return { repository, slept, requests: () => requests };
}

const manifest = (): Response =>
  new Response('{"schemaVersion":2,"layers":[]}', { headers: { 'content-type': OCI_MANIFEST } });
const BLOB = { digest: `sha256:${'0'.repeat(64)}` as Digest, size: 5 };

describe('a refusal for too many requests', () => {
  test('that is lifted soon is waited for', async () => {
    const { repository, slept } = limited(2, { 'retry-after': '5' }, manifest);
    expect((await repository.manifest('1', { signal })).mediaType).toBe(OCI_MANIFEST);
    expect(slept).toEqual([5000, 5000]);
  });

  test('that is lifted late is told at once, with the time', async () => {
    const { repository, slept, requests } = limited(
      1,
      { 'ratelimit-limit': '100;w=21600', 'retry-after': '3600' },
      manifest,
    );
    await expect(repository.manifest('1', { signal })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(
        /^toomanyrequests: You have reached your pull rate limit\. \(100 requests in 6h0m0s, resets in 1h0m0s at \S+Z\)$/,
      ),
    });
    expect([slept, requests()]).toEqual([[], 1]);
  });

  test('that says nothing is told at once', async () => {
    const { repository, slept } = limited(1, {}, manifest);
    const problem = new Error('toomanyrequests: You have reached your pull rate limit.');
    await expect(repository.manifest('1', { signal })).rejects.toThrow(problem);
    expect(slept).toEqual([]);
  });

  test('that does not end is an error in the end', async () => {
    const { repository, requests } = limited(100, { 'retry-after': '1' }, manifest);
    await expect(repository.manifest('1', { signal })).rejects.toMatchObject({ status: 429 });
    await expect(repository.hasManifest(BLOB.digest, { signal })).rejects.toMatchObject({ status: 429 });
    expect(requests()).toBe(8);
  });

  test('in the middle of an image: a blob is waited for and told, one that comes late is refused', async () => {
    const soon = limited(1, { 'retry-after': '2' }, () => new Response('bytes'));
    const told: number[] = [];
    const onRetry = (seconds: number): void => void told.push(seconds);
    const parts: Uint8Array[] = [];
    for await (const part of soon.repository.blob(BLOB, { signal, onRetry })) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe('bytes');
    expect(told).toEqual([2, 1]);
    const late = limited(1, { 'retry-after': '999' }, () => new Response('bytes'));
    const reading = late.repository.blob(BLOB, { signal })[Symbol.asyncIterator]().next();
    await expect(reading).rejects.toMatchObject({ status: 429 });
    expect(late.requests()).toBe(1);
  });

  test('of an upload that is lifted late is not waited for', async () => {
    const { repository, slept } = limited(100, { 'retry-after': '999' }, manifest);
    const read = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('bytes');
    };
    await expect(repository.pushBlob({ ...BLOB, mountFrom: [], read, signal })).rejects.toMatchObject({ status: 429 });
    expect(slept).toEqual([]);
  });
});
