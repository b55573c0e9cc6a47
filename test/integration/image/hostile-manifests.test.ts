import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createImageService } from '../../../src/engine/image/image-service.ts';
import { messageOf } from '../../../src/lib/errors.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../../src/oci/media-type.ts';
import { type HostileRegistry, startHostileRegistry } from '../../fixtures/hostile-registry.ts';
import { engine } from '../../fixtures/image-engine.ts';
import { smallImage } from '../../fixtures/images.ts';
import { digestOf } from '../../fixtures/registry.ts';
import { storeLeftovers } from '../../images/hostile/look.ts';

const never = new AbortController().signal;
let registry: HostileRegistry;
beforeAll(() => {
  registry = startHostileRegistry();
});
afterAll(() => registry[Symbol.asyncDispose]());

const honest = smallImage({ text: 'honest', layers: 2 });
const OTHER = `sha256:${'7'.repeat(64)}`;
const JSON_TYPE = { 'Content-Type': OCI_MANIFEST };

interface ManifestFields {
  readonly config: Record<string, unknown>;
  readonly layers: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

/** The manifest of the honest image, its blobs in the registry; `change` makes another of it. */
function honestManifest(change: (fields: ManifestFields) => object = (fields) => fields): object {
  for (const { gzip } of honest.layers) registry.blob(gzip);
  const config = { mediaType: OCI_CONFIG, digest: registry.blob(honest.config), size: honest.config.length };
  const layers = honest.layers.map(({ gzip }) => ({
    mediaType: `${OCI_LAYER}+gzip`,
    digest: digestOf(gzip),
    size: gzip.length,
  }));
  return change({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers });
}

/** A manifest with another config document, or another text in its place. */
function withConfig(document: object | string): object {
  const bytes = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
  return honestManifest((fields) => ({
    ...fields,
    config: { ...fields.config, digest: registry.blob(bytes), size: bytes.length },
  }));
}

const diffIds = honest.layers.map(({ diffId }) => diffId);
const document = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } };
const firstLayer = (change: object) => (fields: ManifestFields) => ({
  ...fields,
  layers: fields.layers.map((layer, index) => (index === 0 ? { ...layer, ...change } : layer)),
});
const put = (body: object | string | Uint8Array, type = OCI_MANIFEST): string => registry.manifest('1', type, body);
const sizeOf = (body: object): number => Buffer.byteLength(JSON.stringify(body));
const amd64 = { os: 'linux', architecture: 'amd64' };

/** An index of one entry for this platform. */
function indexOf(body: object, change: object = {}, mediaType = OCI_MANIFEST): object {
  const entry = { mediaType, digest: registry.manifest('inner', mediaType, body), size: sizeOf(body), platform: amd64 };
  return { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [{ ...entry, ...change }] };
}

/** `refused`: the text of the error; undefined: an image comes of it. `prepare` returns what to pull after the colon or at; default: the tag 1. */
interface Case {
  readonly title: string;
  readonly prepare: () => unknown;
  readonly refused?: RegExp;
}

const DIGESTS: readonly Case[] = [
  {
    title: 'a manifest under a digest that is another',
    prepare: () => {
      registry.answer('/v2/evil/manifests/1', () =>
        Response.json(honestManifest(), { headers: { ...JSON_TYPE, 'Docker-Content-Digest': OTHER } }),
      );
    },
    refused: /verification failed for digest sha256:7777/,
  },
  {
    title: 'a manifest asked for by another digest',
    prepare: () => {
      registry.answer(`/v2/evil/manifests/${OTHER}`, () => Response.json(honestManifest(), { headers: JSON_TYPE }));
      return `@${OTHER}`;
    },
    refused: /verification failed for digest sha256:7777/,
  },
  {
    title: 'an index whose entry is another manifest',
    prepare: () => {
      put(indexOf(honestManifest(), { digest: OTHER }), OCI_INDEX);
      registry.answer(`/v2/evil/manifests/${OTHER}`, () => Response.json(honestManifest(), { headers: JSON_TYPE }));
    },
    refused: /verification failed for digest sha256:7777/,
  },
  {
    title: 'a layer that is another blob',
    prepare: () => {
      registry.blob(honest.layers[1]?.gzip ?? Buffer.alloc(0), OTHER);
      put(honestManifest(firstLayer({ digest: OTHER, size: honest.layers[1]?.gzip.length })));
    },
    refused: /content has digest sha256:[0-9a-f]{64}, expected sha256:7777/,
  },
  {
    title: 'a config that is another blob',
    prepare: () => {
      registry.blob(honest.config, OTHER);
      put(honestManifest((fields) => ({ ...fields, config: { ...fields.config, digest: OTHER } })));
    },
    refused: /content has digest sha256:[0-9a-f]{64}, expected sha256:7777/,
  },
  {
    title: 'a layer whose content is not what the config says',
    prepare: () => put(withConfig({ ...document, rootfs: { type: 'layers', diff_ids: [diffIds[1], diffIds[0]] } })),
    refused: /unpacks to sha256:[0-9a-f]{64}, the image says/,
  },
  {
    title: 'a layer as config',
    prepare: () =>
      put(honestManifest((fields) => ({ ...fields, config: { ...fields.layers[0], mediaType: OCI_CONFIG } }))),
    refused: /malformed image config/,
  },
  {
    title: 'the config as layer',
    prepare: () => put(honestManifest((fields) => ({ ...fields, layers: [fields.layers[0], fields.config] }))),
    refused: /failed to register layer|unpacks to/,
  },
  {
    title: 'a digest of another algorithm',
    prepare: () => put(honestManifest(firstLayer({ digest: `sha512:${'a'.repeat(128)}` }))),
    refused: /unsupported digest algorithm.*sha512/,
  },
  {
    title: 'a digest that is a path',
    prepare: () => put(honestManifest(firstLayer({ digest: 'sha256:../../../../etc/passwd' }))),
    refused: /malformed descriptor: digest/,
  },
  {
    title: 'a digest in capitals',
    prepare: () => put(honestManifest(firstLayer({ digest: `sha256:${'A'.repeat(64)}` }))),
    refused: /malformed descriptor: digest/,
  },
];

const SIZES: readonly Case[] = [
  ...[-1, 1.5, '12', null, 1e300, 2 ** 60, [], true].map((size) => ({
    title: `a size of ${JSON.stringify(size)}`,
    prepare: () => put(honestManifest(firstLayer({ size }))),
    refused: /malformed descriptor: size/,
  })),
  {
    title: 'a layer larger than promised',
    prepare: () => put(honestManifest(firstLayer({ size: 10 }))),
    refused: /promised 10 bytes/,
  },
  {
    title: 'a layer smaller than promised',
    prepare: () => put(honestManifest(firstLayer({ size: 5000 }))),
    refused: /promised 5000 bytes/,
  },
  {
    title: 'a layer larger than any disk',
    prepare: () => put(honestManifest(firstLayer({ size: 2 ** 52 }))),
    refused: /no space left on device|promised/,
  },
  {
    title: 'an empty layer of a promised size',
    prepare: () => put(honestManifest(firstLayer({ digest: registry.blob(Buffer.alloc(0)), size: 7 }))),
    refused: /promised 7 bytes/,
  },
  {
    title: 'a config larger than promised',
    prepare: () => put(honestManifest((fields) => ({ ...fields, config: { ...fields.config, size: 10 } }))),
    refused: /promised 10 bytes/,
  },
  {
    title: 'a config smaller than promised',
    prepare: () => put(honestManifest((fields) => ({ ...fields, config: { ...fields.config, size: 5000 } }))),
    refused: /promised 5000 bytes/,
  },
  {
    title: 'a config of more than 8 MiB',
    prepare: () => put(withConfig({ ...document, comment: 'c'.repeat(8 << 20) })),
    refused: /larger than 8388608 bytes/,
  },
  {
    title: 'a manifest of 4 MiB and a byte',
    prepare: () => put(Buffer.alloc((4 << 20) + 1, ' ')),
    refused: /larger than 4194304 bytes/,
  },
  {
    title: 'an entry of an index of another size',
    prepare: () => put(indexOf(honestManifest(), { size: 3 }), OCI_INDEX),
    refused: /has \d+ bytes, not 3/,
  },
  {
    title: 'a blob without an end',
    prepare: () => {
      const endless = () =>
        new Response(new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(65_536)) }), { status: 200 });
      registry.answer(`/v2/evil/blobs/${OTHER}`, endless);
      put(honestManifest(firstLayer({ digest: OTHER, size: 1 << 20 })));
    },
    refused: /more than the promised 1048576 bytes/,
  },
];

/** Index in index, `depth` of them, around the honest image. */
function nested(depth: number): object {
  let body = indexOf(honestManifest());
  for (let level = 1; level < depth; level++) body = indexOf(body, {}, OCI_INDEX);
  return body;
}

const SHAPES: readonly Case[] = [
  { title: 'an index in an index', prepare: () => put(nested(2), OCI_INDEX), refused: /is an index itself/ },
  {
    title: 'a hundred indexes in each other',
    prepare: () => put(nested(100), OCI_INDEX),
    refused: /is an index itself/,
  },
  {
    title: 'an index that names itself',
    prepare: () =>
      put(
        {
          schemaVersion: 2,
          mediaType: OCI_INDEX,
          manifests: [{ mediaType: OCI_INDEX, digest: OTHER, size: 200, platform: amd64 }],
        },
        OCI_INDEX,
      ),
    refused: /not found|verification failed/,
  },
  {
    title: 'an index of a thousand times the same entry',
    prepare: () => {
      const index = indexOf(honestManifest()) as { readonly manifests: readonly object[] };
      put({ ...index, manifests: Array.from({ length: 1000 }, () => index.manifests[0]) }, OCI_INDEX);
    },
  },
  {
    title: 'an index of 100,000 entries',
    prepare: () => put({ schemaVersion: 2, manifests: Array.from({ length: 100_000 }, () => ({})) }, OCI_INDEX),
    refused: /not a list of at most 1000/,
  },
  {
    title: 'an index without a platform that fits',
    prepare: () => put(indexOf(honestManifest(), { platform: null }), OCI_INDEX),
    refused: /no matching manifest/,
  },
  {
    title: 'a manifest of 501 layers',
    prepare: () =>
      put(honestManifest((fields) => ({ ...fields, layers: Array.from({ length: 501 }, () => fields.layers[0]) }))),
    refused: /not a list of at most 500/,
  },
  {
    title: 'a layer too many',
    prepare: () => put(honestManifest((fields) => ({ ...fields, layers: [...fields.layers, fields.layers[0]] }))),
    refused: /3 layers but 2 diff ids/,
  },
  {
    title: 'no layers at all',
    prepare: () => put(honestManifest((fields) => ({ ...fields, layers: null }))),
    refused: /0 layers but 2 diff ids/,
  },
  {
    title: 'layers that are no list',
    prepare: () => put(honestManifest((fields) => ({ ...fields, layers: { 0: 'x' } }))),
    refused: /layers is not a list/,
  },
  {
    title: 'no config',
    prepare: () => put(honestManifest(({ config: _gone, ...fields }) => fields)),
    refused: /malformed descriptor/,
  },
  {
    title: 'a manifest that is an index too',
    prepare: () => put(honestManifest((fields) => ({ ...fields, manifests: [] }))),
    refused: /it is an index as well/,
  },
  {
    title: 'a manifest that calls itself an index',
    prepare: () => put(honestManifest((fields) => ({ ...fields, mediaType: OCI_INDEX }))),
    refused: /it is a manifest as well/,
  },
  { title: 'a list in the place of a manifest', prepare: () => put('[]'), refused: /not an object/ },
  { title: 'no JSON', prepare: () => put('<html>welcome</html>', 'text/html'), refused: /malformed manifest/ },
  { title: 'no UTF-8', prepare: () => put(Buffer.from('{"a":"\xff"}', 'latin1')), refused: /malformed manifest/ },
  { title: 'an empty answer', prepare: () => put(''), refused: /malformed manifest/ },
  {
    title: 'JSON a million levels deep',
    prepare: () => put(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`),
    refused: /malformed manifest/,
  },
  {
    title: 'a manifest with a field a million levels deep',
    prepare: () => {
      const text = JSON.stringify(honestManifest());
      put(`${text.slice(0, -1)},"annotations":${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}}`);
    },
  },
  {
    title: 'a manifest of schema 1',
    prepare: () =>
      put(
        {
          schemaVersion: 1,
          name: 'evil',
          tag: '1',
          fsLayers: [{ blobSum: OTHER }],
          history: [{ v1Compatibility: '{}' }],
        },
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
      ),
    refused:
      /^Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed\. Suggest the author of 127\.0\.0\.1:\d+\/evil:1 to upgrade the image/,
  },
  {
    title: 'a config of another kind',
    prepare: () =>
      put(
        honestManifest((fields) => ({
          ...fields,
          config: { ...fields.config, mediaType: 'application/vnd.cncf.helm.config.v1+json' },
        })),
      ),
    refused: /not a container image/,
  },
  {
    title: 'a layer of a kind that is none',
    prepare: () =>
      put(
        honestManifest(
          firstLayer({ mediaType: 'application/json', digest: registry.blob(Buffer.from('{}')), size: 2 }),
        ),
      ),
    refused: /failed to register layer|unpacks to/,
  },
  {
    title: 'names of prototypes',
    prepare: () => {
      const text = JSON.stringify(
        withConfig(
          `${JSON.stringify(document).slice(0, -1)},"config":{"__proto__":{"polluted":1},"Labels":{"__proto__":"x","constructor":"y"}},"__proto__":{"polluted":1}}`,
        ),
      );
      put(`${text.slice(0, -1)},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`);
    },
  },
];

/** Where a registry sends its clients. */
const ADDRESSES: readonly Case[] = [
  {
    title: 'a foreign layer at addresses of this machine is asked for at the registry only',
    prepare: () => {
      registry.blob(honest.layers[0]?.gzip ?? Buffer.alloc(0));
      const urls = [`http://${registry.host}/admin`, 'file:///etc/passwd', 'ftp://127.0.0.1/x'];
      put(honestManifest(firstLayer({ mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', urls })));
    },
  },
  ...['file:///etc/passwd', 'ftp://127.0.0.1/x', 'gopher://127.0.0.1/', 'http://user:pass@127.0.0.1/'].map(
    (location) => ({
      title: `a blob redirected to ${location}`,
      prepare: () => {
        registry.answer(
          `/v2/evil/blobs/${OTHER}`,
          () => new Response('', { status: 307, headers: { Location: location } }),
        );
        put(honestManifest(firstLayer({ digest: OTHER, size: 100 })));
      },
      refused: /refused to follow a redirect/,
    }),
  ),
  {
    title: 'a blob redirected to itself',
    prepare: () => {
      const path = `/v2/evil/blobs/${OTHER}`;
      registry.answer(path, () => new Response('', { status: 307, headers: { Location: path } }));
      put(honestManifest(firstLayer({ digest: OTHER, size: 100 })));
    },
    refused: /stopped after 10 redirects/,
  },
  {
    title: 'a token service that is a file',
    prepare: () => {
      const headers = { 'WWW-Authenticate': 'Bearer realm="file:///etc/passwd",service="x"' };
      registry.answer('/v2/evil/manifests/1', () => new Response('', { status: 401, headers }));
    },
    refused: /invalid token service address/,
  },
];

const WRONG: readonly unknown[] = [
  null,
  true,
  5,
  'text',
  [],
  {},
  [null],
  [5],
  { a: 5 },
  { a: null },
  [[]],
  [{}],
  { a: [] },
];
const FIELDS = ['architecture', 'os', 'created', 'author', 'history', 'comment', 'docker_version', 'variant'];
const CONFIG_FIELDS = [
  'Env',
  'Cmd',
  'Entrypoint',
  'Labels',
  'ExposedPorts',
  'Volumes',
  'User',
  'WorkingDir',
  'StopSignal',
  'Healthcheck',
  'Shell',
  'OnBuild',
  'Hostname',
  'StopTimeout',
  'ArgsEscaped',
];

async function outcomeOf(reference: string, here: ReturnType<typeof engine>): Promise<string | undefined> {
  const service = createImageService(here.deps);
  return await service
    .pull({ reference }, () => undefined, never)
    .then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
}

/** Everything that shows an image. */
async function show(here: ReturnType<typeof engine>, reference: string): Promise<void> {
  const service = createImageService(here.deps);
  JSON.stringify(await service.inspect(reference));
  JSON.stringify(await service.history(reference));
  JSON.stringify(await service.list({ all: true, digests: true, sharedSize: true, filters: new Map() }));
  await service.remove(reference, { force: true });
}

async function meet({ prepare, refused }: Case): Promise<void> {
  using here = engine();
  const where = prepare();
  const reference = `${registry.host}/evil${typeof where === 'string' && where.startsWith('@') ? where : ':1'}`;
  const failure = await outcomeOf(reference, here);
  if (refused) expect(failure).toMatch(refused);
  else {
    expect(failure).toBeUndefined();
    await show(here, reference);
  }
  expect(storeLeftovers(here.root)).toEqual([]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(registry.requests.filter((line) => !line.includes(' /v2/'))).toEqual([]);
}

for (const [kind, cases] of Object.entries({ DIGESTS, SIZES, SHAPES, ADDRESSES }))
  describe(`pull, ${kind.toLowerCase()}:`, () => {
    for (const one of cases) test(`${one.title}: ${one.refused ? 'refused' : 'harmless'}`, () => meet(one));
  });

describe('a config with a wrong type is refused as such or shown without harm:', () => {
  const texts = (name: string, inConfig: boolean): readonly object[] =>
    WRONG.map((value) => (inConfig ? { ...document, config: { [name]: value } } : { ...document, [name]: value }));
  for (const [name, inConfig] of [
    ...FIELDS.map((name) => [name, false] as const),
    ...CONFIG_FIELDS.map((name) => [name, true] as const),
    ['config', false] as const,
    ['rootfs', false] as const,
  ])
    test(name, async () => {
      using here = engine();
      for (const one of texts(name, inConfig)) {
        put(withConfig(one));
        const failure = await outcomeOf(`${registry.host}/evil:1`, here);
        if (failure === undefined) await show(here, `${registry.host}/evil:1`);
        else expect(failure).toMatch(/malformed image config|layers but|no matching|platform/);
      }
      expect(storeLeftovers(here.root)).toEqual([]);
    });
});
