import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { engine, putImage } from '../../../test/fixtures/image-engine.ts';
import { dockerArchive, smallImage } from '../../../test/fixtures/images.ts';
import { type LocalRegistry, startRegistry } from '../../../test/fixtures/registry.ts';
import type { ImageServiceDeps } from './deps.ts';
import { createImageLookup } from './image-lookup.ts';
import { createImageService } from './image-service.ts';

const never = new AbortController().signal;
let registry: LocalRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function loadImage(deps: ImageServiceDeps, name: string): Promise<void> {
  const archive = dockerArchive(smallImage({ text: name, layers: 3 }), [name]);
  await createImageService(deps).load(once(archive), () => undefined, never);
}

async function blobsOf({ content }: ImageServiceDeps): Promise<number> {
  return (await Array.fromAsync(content.list())).length;
}

test('a container that is being made does not lose the layers of its image to a removal in between', async () => {
  using here = engine();
  const { deps } = here;
  await loadImage(deps, 'app:1');
  const lookup = createImageLookup(deps);
  {
    using _held = await lookup.hold();
    const image = await lookup.resolve('app:1');
    await createImageService(deps).remove('app:1', { force: false });
    await deps.layers.createWritable('box', image.chain);
  }
  await deps.layers.flush(); // until then the blobs stay, to have the layers again after a power failure
  await deps.collector.collect();
  expect(deps.layers.rootfs('box').lower).toHaveLength(3);
  for (const path of deps.layers.rootfs('box').lower) expect(readdirSync(path)).toHaveLength(1);
  expect(await blobsOf(deps)).toBe(0);
});

test('what was put off while leases were held is collected when the last one is given back', async () => {
  using here = engine();
  const { deps } = here;
  await loadImage(deps, 'app:1');
  const [first, second] = [await deps.collector.lease(), await deps.collector.lease()];
  await createImageService(deps).remove('app:1', { force: false });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(await blobsOf(deps)).toBeGreaterThan(0);
  second[Symbol.dispose]();
  using _later = await deps.collector.lease(); // begins after the collection
  expect([await blobsOf(deps), deps.layers.list()]).toEqual([0, []]);
});

test('a collection that fails is an error for who asked, and the next one works', async () => {
  using here = engine();
  const { deps } = here;
  await loadImage(deps, 'app:1');
  deps.records.remove(deps.records.list()[0]?.target.digest ?? ('' as never));
  const list = deps.records.list.bind(deps.records);
  Object.assign(deps.records, { list: () => expect.unreachable() });
  const failing = deps.collector.collect();
  const behind = deps.collector.lease();
  await expect(failing).rejects.toThrow();
  (await behind)[Symbol.dispose]();
  Object.assign(deps.records, { list });
  await deps.collector.collect();
  expect(await blobsOf(deps)).toBe(0);
});

test('an image whose layer, config or manifest lost its end is whole again after the next pull', async () => {
  const pushed = await putImage(registry, 'damaged', '1', smallImage({ text: 'some text', layers: 2 }));
  const reference = `${registry.host}/damaged:1`;
  using here = engine();
  const { deps } = here;
  const service = createImageService(deps);
  await service.pull({ reference }, () => undefined, never);
  const blobs = await Array.fromAsync(deps.content.list());
  for (const { digest, size } of blobs) {
    truncateSync(join(here.root, 'content/blobs/sha256', digest.slice('sha256:'.length)), size - 1);
    // As after a start: what was read before is not remembered.
    const later = { ...deps, catalog: (await import('./catalog.ts')).createCatalog(deps) };
    const again = createImageService(later);
    await again.list({ all: false, digests: false, sharedSize: false, filters: new Map() });
    await again
      .pull({ reference }, () => undefined, never)
      .catch(() => again.pull({ reference }, () => undefined, never));
    for (const blob of blobs) expect(await deps.content.verify(blob.digest)).toBe(true);
    expect(String((await again.inspect(reference)).Id)).toBe(pushed.digest);
  }
});

test('saving does not pass on a blob that lost its end', async () => {
  using here = engine();
  const { deps } = here;
  await loadImage(deps, 'app:1');
  const largest = (await Array.fromAsync(deps.content.list())).toSorted((a, b) => b.size - a.size)[0];
  truncateSync(await deps.content.path(largest?.digest ?? ('' as never)), 100);
  const saved = createImageService(deps).save(['app:1'], never);
  await expect(saved).rejects.toMatchObject({ kind: 'data_loss' });
  // The failed save has given its lease back: this one is not put off.
  deps.records.remove(deps.records.list()[0]?.target.digest ?? ('' as never));
  await deps.collector.collect();
  expect(await blobsOf(deps)).toBe(0);
});

test('pruning without filters takes the beginnings of pulls that were cut off too, and says how much that was', async () => {
  using here = engine();
  const { deps } = here;
  const digest = `sha256:${'a'.repeat(64)}` as never;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(1000);
    throw new Error('cut');
  };
  await deps.content.resume({ digest, size: 5000 }, source, { signal: never }).catch(() => undefined);
  const service = createImageService(deps);
  expect((await service.prune(new Map([['label', ['x']]]))).reclaimedBytes).toBe(0);
  expect(readdirSync(join(here.root, 'content/partial'))).toHaveLength(1);
  expect((await service.prune(new Map())).reclaimedBytes).toBe(1000);
  expect(readdirSync(join(here.root, 'content/partial'))).toEqual([]);
});
