import { describe, expect, test } from 'bun:test';
import { sha256, startTestRegistry, type TestRegistry } from '../registry.fake.ts';

const HOUR = 3_600_000;

/** A registry whose clock the test moves. */
async function start(
  config = '',
): Promise<{ readonly registry: TestRegistry; readonly later: (ms: number) => void } & AsyncDisposable> {
  let offset = 0;
  const registry = await startTestRegistry({
    now: () => Date.now() + offset,
    config: `skiff: { collection: { grace: 1h${config} } }`,
  });
  return {
    registry,
    later: (ms) => (offset += ms),
    [Symbol.asyncDispose]: async () => await registry[Symbol.asyncDispose](),
  };
}

async function status(registry: TestRegistry, path: string, method = 'HEAD'): Promise<number> {
  return (await registry.fetch(path, { method })).status;
}

describe('collection', () => {
  test('removes blobs of deleted manifests and keeps those of others', async () => {
    await using all = await start();
    const { registry, later } = all;
    const [gone, kept] = [await registry.pushImage('a', 'gone'), await registry.pushImage('a', 'kept')];
    expect(await status(registry, `/v2/a/manifests/${gone.digest}`, 'DELETE')).toBe(202);
    later(3 * HOUR);
    const done = await registry.running.maintenance.collectNow();
    expect(done).toMatchObject({ blobs: 3, links: 2, manifests: 0 });
    expect(done?.bytes).toBeGreaterThan(500);
    for (const digest of [gone.config, gone.layer]) expect(await status(registry, `/v2/a/blobs/${digest}`)).toBe(404);
    for (const digest of [kept.config, kept.layer]) expect(await status(registry, `/v2/a/blobs/${digest}`)).toBe(200);
    expect(await status(registry, '/v2/a/manifests/kept', 'GET')).toBe(200);
  });

  test('leaves alone what is younger than the grace time, and does nothing before the process is that old', async () => {
    await using all = await start();
    const { registry, later } = all;
    await registry.putBlob('a', 'orphan');
    expect(await registry.running.maintenance.collectNow()).toBeUndefined();
    later(2 * HOUR);
    const fresh = await registry.putBlob('a', 'just pushed');
    expect(await registry.running.maintenance.collectNow()).toMatchObject({ blobs: 1, links: 1 });
    expect(await status(registry, `/v2/a/blobs/${fresh}`)).toBe(200);
    expect(await status(registry, `/v2/a/blobs/${sha256('orphan')}`)).toBe(404);
  });

  test('a client that was told a blob is there can push the manifest that names it', async () => {
    await using all = await start();
    const { registry, later } = all;
    const digest = await registry.putBlob('a', '{}');
    later(3 * HOUR);
    expect(await status(registry, `/v2/a/blobs/${digest}`)).toBe(200);
    expect(await registry.running.maintenance.collectNow()).toMatchObject({ blobs: 0, links: 0 });
    const manifest = { schemaVersion: 2, config: { mediaType: 'x', digest, size: 2 }, layers: [] };
    expect((await registry.putManifest('a', 'v1', manifest)).status).toBe(201);
  });

  test('a blob stays while another repository has it, and the repository without a manifest loses it', async () => {
    await using all = await start();
    const { registry, later } = all;
    const image = await registry.pushImage('a', 'v1');
    await registry.fetch(`/v2/b/blobs/uploads/?mount=${image.layer}&from=a`, { method: 'POST' });
    later(3 * HOUR);
    expect(await registry.running.maintenance.collectNow()).toMatchObject({ blobs: 0, links: 1 });
    expect([
      await status(registry, `/v2/b/blobs/${image.layer}`),
      await status(registry, `/v2/a/blobs/${image.layer}`),
    ]).toEqual([404, 200]);
  });

  test('blobs that only an index names, as a build cache does, stay while the index does', async () => {
    await using all = await start(', deleteuntagged: true');
    const { registry, later } = all;
    const layer = await registry.putBlob('a', 'cached');
    const type = 'application/vnd.oci.image.index.v1+json';
    const entry = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: 6 };
    await registry.putManifest('a', 'cache', { schemaVersion: 2, mediaType: type, manifests: [entry] }, type);
    later(3 * HOUR);
    expect(await registry.running.maintenance.collectNow()).toMatchObject({ manifests: 0, links: 0, blobs: 0 });
    expect(await status(registry, `/v2/a/blobs/${layer}`)).toBe(200);
    await status(registry, '/v2/a/manifests/cache', 'DELETE');
    later(3 * HOUR);
    expect(await registry.running.maintenance.collectNow()).toMatchObject({ manifests: 1, links: 1, blobs: 1 });
  });

  test('untagged manifests stay unless deleteuntagged is set; entries of tagged indexes and referrers of kept subjects stay anyway', async () => {
    for (const [config, removed] of [
      ['', 0],
      [', deleteuntagged: true', 1],
    ] as const) {
      await using all = await start(config);
      const { registry, later } = all;
      const [entry, old] = [await registry.pushImage('a', 'entry'), await registry.pushImage('a', 'moved')];
      const descriptor = {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: entry.digest,
        size: entry.size,
      };
      const type = 'application/vnd.oci.image.index.v1+json';
      await registry.putManifest('a', 'all', { schemaVersion: 2, mediaType: type, manifests: [descriptor] }, type);
      const referrer = await registry.pushImage('a', 'sig', { subject: descriptor });
      await registry.pushImage('a', 'moved');
      for (const tag of ['entry', 'sig']) await registry.fetch(`/v2/a/manifests/${tag}`, { method: 'DELETE' });
      later(3 * HOUR);
      expect((await registry.running.maintenance.collectNow())?.manifests).toBe(removed);
      expect(await status(registry, `/v2/a/manifests/${old.digest}`, 'GET')).toBe(removed ? 404 : 200);
      for (const { digest } of [entry, referrer])
        expect(await status(registry, `/v2/a/manifests/${digest}`, 'GET')).toBe(200);
    }
  });

  test('pushes of the same content while collections run all end with an image that is whole', async () => {
    await using all = await start();
    const { registry, later } = all;
    const push = async (round: number): Promise<void> => {
      const digest = await registry.putBlob('a', '{}');
      const manifest = {
        schemaVersion: 2,
        config: { mediaType: 'x', digest, size: 2 },
        layers: [],
        annotations: { round: String(round) },
      };
      expect((await registry.putManifest('a', 'v1', manifest)).status).toBe(201);
      expect(await (await registry.fetch(`/v2/a/blobs/${digest}`)).text()).toBe('{}');
      await registry.fetch(`/v2/a/manifests/${sha256(JSON.stringify(manifest))}`, { method: 'DELETE' });
    };
    for (let round = 0; round < 40; round++) {
      const collection = registry.running.maintenance.collectNow();
      await push(round);
      await collection;
      later(2 * HOUR);
    }
  });

  test('uploads to which nothing was added for the purging age are removed', async () => {
    await using all = await start();
    const { registry, later } = all;
    const begin = async (): Promise<string> =>
      (await registry.fetch('/v2/a/blobs/uploads/', { method: 'POST' })).headers.get('location') ?? '';
    const [old, used] = [await begin(), await begin()];
    later(100 * HOUR);
    await registry.fetch(used, { method: 'PATCH', body: 'x' });
    later(100 * HOUR);
    await registry.running.maintenance.purgeNow();
    expect([await status(registry, old, 'GET'), await status(registry, used, 'GET')]).toEqual([404, 204]);
  });
});
