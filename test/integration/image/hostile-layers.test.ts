import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createImageService } from '../../../src/engine/image/image-service.ts';
import { messageOf } from '../../../src/lib/errors.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../src/oci/media-type.ts';
import { type HostileRegistry, startHostileRegistry } from '../../fixtures/hostile-registry.ts';
import { engine } from '../../fixtures/image-engine.ts';
import { dockerArchive, type SmallImage, tarOf } from '../../fixtures/images.ts';
import { digestOf } from '../../fixtures/registry.ts';
import { HOSTILE_ARCHIVES, type HostileArchive } from '../../images/hostile/archives.ts';
import { createOutside, look, type Outside, storeLeftovers } from '../../images/hostile/look.ts';

const never = new AbortController().signal;
let here: ReturnType<typeof engine>;
let outside: Outside;
let registry: HostileRegistry;
beforeAll(() => {
  [here, outside, registry] = [engine(), createOutside(), startHostileRegistry()];
});
afterAll(async () => {
  here[Symbol.dispose]();
  outside[Symbol.dispose]();
  await registry[Symbol.asyncDispose]();
});

async function* from(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

function imageOf(layer: Uint8Array): SmallImage {
  const diffId = digestOf(layer);
  const config = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [diffId] } };
  return { layers: [{ tar: layer, gzip: gzipSync(layer), diffId }], config: Buffer.from(JSON.stringify(config)) };
}

function manifestOf({ config, layers }: SmallImage): object {
  return {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
    layers: layers.map(({ gzip }) => ({ mediaType: `${OCI_LAYER}+gzip`, digest: digestOf(gzip), size: gzip.length })),
  };
}

/** Each way an archive can become a layer. Resolves when there is an image `evil:1`. */
const WAYS: Readonly<Record<string, (layer: Uint8Array) => Promise<unknown>>> = {
  async pull(layer) {
    const image = imageOf(layer);
    for (const { gzip } of image.layers) registry.blob(gzip);
    registry.blob(image.config);
    registry.manifest('1', OCI_MANIFEST, manifestOf(image));
    const service = createImageService(here.deps);
    await service.pull({ reference: `${registry.host}/evil:1` }, () => undefined, never);
    await service.tag(`${registry.host}/evil:1`, 'evil', '1');
    await service.remove(`${registry.host}/evil:1`, { force: false });
  },
  'load of a docker-archive': (layer) =>
    createImageService(here.deps).load(from(dockerArchive(imageOf(layer), ['evil:1'])), () => undefined, never),
  'load of an OCI layout'(layer) {
    const image = imageOf(layer);
    const manifest = Buffer.from(JSON.stringify(manifestOf(image)));
    const blobs = [image.config, manifest, ...image.layers.map(({ gzip }) => gzip)];
    const annotations = { 'io.containerd.image.name': 'docker.io/library/evil:1' };
    const entry = { mediaType: OCI_MANIFEST, digest: digestOf(manifest), size: manifest.length, annotations };
    const layout = tarOf({
      ...Object.fromEntries(blobs.map((blob) => [`blobs/sha256/${digestOf(blob).slice(7)}`, blob])),
      'index.json': JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] }),
      'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    });
    return createImageService(here.deps).load(from(layout), () => undefined, never);
  },
  import: (layer) =>
    createImageService(here.deps).importTar(from(layer), { repository: 'evil', tag: '1', changes: [] }, never),
};

async function meet(
  { bytes, layer: outcome }: HostileArchive,
  way: (layer: Uint8Array) => Promise<unknown>,
): Promise<void> {
  const before = outside.state();
  const failure = await way(bytes(outside.path)).then(
    () => undefined,
    (error: unknown) => messageOf(error),
  );
  try {
    if ('refused' in outcome) expect(failure).toMatch(outcome.refused);
    else {
      expect(failure).toBeUndefined();
      const [name = ''] = readdirSync(join(here.root, 'layers')).filter((found) => found !== 'empty');
      const root = join(here.root, 'layers', name);
      const found = Object.entries(outcome.made).map(([path, like]) => [path, look(root, path, like)]);
      expect(Object.fromEntries(found)).toEqual(outcome.made);
    }
  } finally {
    if (failure === undefined) await createImageService(here.deps).remove('evil:1', { force: true });
  }
  expect(outside.state()).toBe(before);
  expect(here.deps.records.list()).toEqual([]);
  expect(storeLeftovers(here.root)).toEqual([]);
}

for (const [name, way] of Object.entries(WAYS))
  describe(`${name}: a layer with`, () => {
    for (const archive of HOSTILE_ARCHIVES)
      test(`${archive.title}: ${'refused' in archive.layer ? 'refused' : 'harmless'}`, () => meet(archive, way));
  });
