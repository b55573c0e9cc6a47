import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { engine, putImage as push } from '../../../test/fixtures/image-engine.ts';
import type { SmallImage } from '../../../test/fixtures/images.ts';
import { dockerArchive, smallImage, tarOf } from '../../../test/fixtures/images.ts';
import type { LocalRegistry } from '../../../test/fixtures/registry.ts';
import { startFront, startRegistry } from '../../../test/fixtures/registry.ts';
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from '../../oci/media-type.ts';
import { createImageLookup } from './image-lookup.ts';
import { createImageService } from './image-service.ts';
import type { ProgressMessage } from './service.ts';

const never = new AbortController().signal;

async function* from(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 700) yield bytes.subarray(at, at + 700);
}

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

function blobCount(root: string): number {
  const folder = join(root, 'content/blobs/sha256');
  return existsSync(folder) ? readdirSync(folder).length : 0;
}

describe('images against a real registry', () => {
  let registry: LocalRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  for (const kind of ['gzip', 'zstd', 'plain'] as const) {
    test(`pull unpacks ${kind} layers and tells it as Docker does`, async () => {
      using here = engine();
      const pushed = await push(registry, `pull/${kind}`, '1', smallImage({ text: kind, layers: 5 }), kind);
      const service = createImageService(here.deps);
      const messages: ProgressMessage[] = [];
      await service.pull({ reference: `${registry.host}/pull/${kind}:1` }, (message) => messages.push(message), never);
      expect(messages[0]).toEqual({ status: `Pulling from pull/${kind}`, id: '1' });
      expect(messages.at(-2)).toEqual({ status: `Digest: ${pushed.digest}` });
      expect(messages.at(-1)).toEqual({ status: `Status: Downloaded newer image for ${registry.host}/pull/${kind}:1` });
      expect(messages.filter(({ status }) => status === 'Pull complete').length).toBe(5);
      const image = await createImageLookup(here.deps).resolve(`${registry.host}/pull/${kind}:1`);
      expect(String(image.id)).toBe(pushed.digest);
      expect(image.config.Cmd).toEqual(['/bin/true']);
      expect(image.chain && here.deps.layers.isUnpacked(image.chain)).toBe(true);
      const inspected = await service.inspect(pushed.digest.slice(7, 19));
      expect(inspected.RepoDigests).toEqual([`${registry.host}/pull/${kind}@${pushed.digest}`]);
      expect(inspected.RootFS?.Layers?.length).toBe(5);
      const again: ProgressMessage[] = [];
      await service.pull({ reference: `${registry.host}/pull/${kind}:1` }, (message) => again.push(message), never);
      expect(again.at(-1)).toEqual({ status: `Status: Image is up to date for ${registry.host}/pull/${kind}:1` });
    });
  }

  test('pull of an index fetches only the layers of the wanted platform and keeps the index whole', async () => {
    using here = engine();
    const amd = await push(registry, 'multi', undefined, smallImage({ text: 'amd' }));
    const arm = await push(registry, 'multi', undefined, smallImage({ text: 'arm', architecture: 'arm64' }));
    const index = {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        { ...arm, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
        { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
      ],
    };
    const pushed = await registry.putManifest('multi', '1', OCI_INDEX, index);
    const service = createImageService(here.deps);
    await service.pull({ reference: `${registry.host}/multi:1` }, () => undefined, never);
    expect((await service.inspect(`${registry.host}/multi:1`)).Architecture).toBe('amd64');
    expect(blobCount(here.root)).toBe(4);
    const lookup = createImageLookup(here.deps);
    expect(lookup.resolve(`${registry.host}/multi:1`, 'linux/arm64')).rejects.toMatchObject({ kind: 'not_found' });
    await service.pull({ reference: `${registry.host}/multi:1`, platform: 'linux/arm64' }, () => undefined, never);
    expect((await lookup.resolve(`${registry.host}/multi:1`, 'linux/arm64')).platform.architecture).toBe('arm64');
    expect(
      (await service.list({ all: false, digests: false, sharedSize: false, filters: new Map() })).map(({ Id }) => Id),
    ).toEqual([pushed.digest]);
    expect(
      service.pull({ reference: `${registry.host}/multi:1`, platform: 'linux/s390x' }, () => undefined, never),
    ).rejects.toThrow('no matching manifest for linux/s390x in the manifest list entries');
    await service.remove(`${registry.host}/multi:1`, { force: false });
    expect(blobCount(here.root)).toBe(0);
  });

  test('what is not there is told with the texts people know', async () => {
    using here = engine();
    const service = createImageService(here.deps);
    await push(registry, 'there', '1', smallImage({ text: 'x' }));
    const pull = (reference: string): Promise<void> => service.pull({ reference }, () => undefined, never);
    await expect(pull(`${registry.host}/there:2`)).rejects.toThrow(
      `manifest for ${registry.host}/there:2 not found: manifest unknown: manifest unknown`,
    );
    await expect(pull('127.0.0.1:1/x:1')).rejects.toThrow(
      'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    );
    await expect(pull('scratch')).rejects.toThrow("'scratch' is a reserved name");
    await expect(pull('x/UPPER')).rejects.toMatchObject({ kind: 'invalid_parameter' });
  });

  test('a layer whose registry lies about it is refused and nothing is named', async () => {
    using here = engine();
    const image = smallImage({ text: 'honest' });
    const other = smallImage({ text: 'other' });
    const layer = await registry.putBlob('liar', other.layers[0]?.gzip ?? new Uint8Array());
    const config = {
      mediaType: OCI_CONFIG,
      digest: await registry.putBlob('liar', image.config),
      size: image.config.byteLength,
    };
    await registry.putManifest('liar', '1', OCI_MANIFEST, {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config,
      layers: [{ mediaType: `${OCI_LAYER}+gzip`, digest: layer, size: other.layers[0]?.gzip.byteLength ?? 0 }],
    });
    const service = createImageService(here.deps);
    expect(service.pull({ reference: `${registry.host}/liar:1` }, () => undefined, never)).rejects.toMatchObject({
      kind: 'data_loss',
    });
    expect(here.deps.records.list()).toEqual([]);
  });

  test('Bearer tokens: anonymous, with a password, and refused', async () => {
    using here = engine();
    await push(registry, 'token', '1', smallImage({ text: 'token', layers: 4 }));
    const service = createImageService(here.deps);
    await using open = startFront(registry, { kind: 'bearer' });
    await service.pull({ reference: `${open.host}/token:1` }, () => undefined, never);
    expect(open.tokens()).toBe(1);
    await using closed = startFront(registry, { kind: 'bearer', user: { name: 'ann', password: 'secret' } });
    await service.pull(
      { reference: `${closed.host}/token:1`, auth: { username: 'ann', password: 'secret' } },
      () => undefined,
      never,
    );
    expect(closed.seen.every((header) => header.startsWith('Bearer '))).toBe(true);
    const refused = service.pull(
      { reference: `${closed.host}/token:1`, auth: { username: 'ann', password: 'wrong' } },
      () => undefined,
      never,
    );
    expect(refused).rejects.toThrow(
      `pull access denied for ${closed.host}/token, repository does not exist or may require 'docker login'`,
    );
  });

  test('Basic authorization is answered with the user and password', async () => {
    using here = engine();
    await push(registry, 'basic', '1', smallImage({ text: 'basic' }));
    await using front = startFront(registry, { kind: 'basic', user: { name: 'bob', password: 'pw' } });
    const service = createImageService(here.deps);
    await service.pull(
      { reference: `${front.host}/basic:1`, auth: { username: 'bob', password: 'pw' } },
      () => undefined,
      never,
    );
    expect(service.pull({ reference: `${front.host}/basic:1` }, () => undefined, never)).rejects.toThrow(
      'pull access denied',
    );
  });

  test('what skopeo pushed from a docker-archive is pulled; identical pulls share one flight', async () => {
    using here = engine();
    const file = join(here.root, 'x.tar');
    writeFileSync(file, dockerArchive(smallImage({ text: 'skopeo', layers: 2 }), ['skopeo:1']));
    const copied = spawnSync('skopeo', [
      '--insecure-policy',
      'copy',
      '--dest-tls-verify=false',
      `docker-archive:${file}`,
      `docker://${registry.host}/skopeo:1`,
    ]);
    expect(copied.stderr.toString()).toBe('');
    const service = createImageService(here.deps);
    const pull = (): Promise<void> => service.pull({ reference: `${registry.host}/skopeo:1` }, () => undefined, never);
    await Promise.all([pull(), pull(), pull()]);
    expect(here.events.filter((event) => event === 'pull').length).toBe(1);
    const rows = await service.history(`${registry.host}/skopeo:1`);
    expect(rows.map(({ Id, CreatedBy }) => [Id === '<missing>', CreatedBy])).toEqual([
      [false, 'step 1'],
      [true, 'step 0'],
    ]);
  });

  test('distribution tells digest and platforms without pulling', async () => {
    using here = engine();
    const pushed = await push(registry, 'dist', '1', smallImage({ text: 'd' }));
    const answer = await createImageService(here.deps).distribution(`${registry.host}/dist:1`, undefined, never);
    expect(answer).toEqual({
      Descriptor: { mediaType: OCI_MANIFEST, digest: pushed.digest, size: pushed.size },
      Platforms: [{ os: 'linux', architecture: 'amd64' }],
    });
    expect(blobCount(here.root)).toBe(0);
  });
});

describe('archives', () => {
  const plain = dockerArchive(smallImage({ text: 'archive', layers: 3 }), ['loaded:1', 'loaded:2']);
  const compressed: Readonly<Record<string, () => Uint8Array>> = {
    plain: () => plain,
    gzip: () => gzipSync(plain),
    zstd: () => zstdCompressSync(plain),
    bzip2: () => spawnSync('bzip2', ['-c'], { input: plain }).stdout,
    xz: () => spawnSync('xz', ['-c'], { input: plain }).stdout,
  };
  for (const [kind, bytes] of Object.entries(compressed)) {
    test(`load reads a docker-archive, ${kind}`, async () => {
      using here = engine();
      const service = createImageService(here.deps);
      const messages: ProgressMessage[] = [];
      await service.load(from(bytes()), (message) => messages.push(message), never);
      expect(messages.filter(({ stream }) => stream)).toEqual([
        { stream: 'Loaded image: loaded:1\n' },
        { stream: 'Loaded image: loaded:2\n' },
      ]);
      expect((await service.inspect('loaded:2')).RepoTags).toEqual(['loaded:1', 'loaded:2']);
      // Config, three layers, the manifest that was made; nothing else of the archive stays.
      expect(blobCount(here.root)).toBe(5);
    });
  }

  test('save and load give the same image, by either side of the archive', async () => {
    using here = engine();
    using there = engine();
    using old = engine();
    const service = createImageService(here.deps);
    await service.load(from(plain), () => undefined, never);
    const saved = await all(await service.save(['loaded:1', 'loaded:2'], never));
    await createImageService(there.deps).load(from(saved), () => undefined, never);
    expect(there.deps.records.list().map(({ target, names }) => [target.digest, names])).toEqual(
      here.deps.records.list().map(({ target, names }) => [target.digest, names]),
    );
    const file = join(old.root, 'saved.tar');
    writeFileSync(file, saved);
    for (const source of [`oci-archive:${file}:1`, `docker-archive:${file}:loaded:1`]) {
      const copied = spawnSync('skopeo', ['--insecure-policy', 'copy', source, `dir:${join(old.root, 'out')}`]);
      expect(copied.stderr.toString()).toBe('');
      expect(JSON.parse(readFileSync(join(old.root, 'out/manifest.json'), 'utf8')).layers.length).toBe(3);
    }
  });

  test('hostile and broken archives are refused and leave nothing', async () => {
    using here = engine();
    const service = createImageService(here.deps);
    const image = smallImage({ text: 'bad' });
    const wrongBlob = tarOf({ [`blobs/sha256/${'0'.repeat(64)}`]: 'x', 'index.json': '{}' });
    const lying = dockerArchive(
      { ...image, layers: [{ ...(image.layers[0] as SmallImage['layers'][0]), tar: tarOf({ other: 'y' }) }] },
      ['a:1'],
    );
    const cases: Readonly<Record<string, Uint8Array>> = {
      'no manifest': tarOf({ a: 'b' }),
      escape: tarOf({ '../../etc/passwd': 'x', 'manifest.json': '[]' }),
      empty: tarOf({ 'manifest.json': '[]' }),
      'not JSON': tarOf({ 'manifest.json': '{' }),
      'missing layer': tarOf({ 'manifest.json': JSON.stringify([{ Config: 'c', RepoTags: [], Layers: ['nope'] }]) }),
      'cut off': plain.subarray(0, plain.byteLength - 2500),
      'wrong blob': wrongBlob,
      'wrong diff id': lying,
      'bad name': dockerArchive(image, ['Not A Name']),
      'not a tar': Buffer.alloc(3000, 'junk'),
      'broken gzip': gzipSync(plain).subarray(0, 300),
    };
    for (const [name, bytes] of Object.entries(cases)) {
      const failed = await service
        .load(from(bytes), () => undefined, never)
        .then(
          () => 'loaded',
          (error: { kind?: string }) => error.kind,
        );
      expect([name, failed]).toEqual([
        name,
        name === 'wrong blob' || name === 'wrong diff id' ? 'data_loss' : 'invalid_parameter',
      ]);
    }
    expect(here.deps.records.list()).toEqual([]);
    expect(blobCount(here.root)).toBe(0);
    expect(readdirSync(join(here.root, 'content/blobs/sha256'))).toEqual([]);
  });

  test('import makes a one-layer image with the changes applied', async () => {
    using here = engine();
    const service = createImageService(here.deps);
    for (const [name, bytes] of Object.entries({
      plain: tarOf({ hello: 'hi' }),
      gz: gzipSync(tarOf({ hello: 'gz' })),
      xz: spawnSync('xz', ['-c'], { input: tarOf({ hello: 'xz' }) }).stdout,
    })) {
      const changes = ['CMD ["/hello"]', 'ENV A=1 B="two words"', 'EXPOSE 80 443/udp', 'WORKDIR /srv'];
      const id = await service.importTar(from(bytes), { repository: 'imported', tag: name, changes }, never);
      const image = await service.inspect(`imported:${name}`);
      expect(image.Id).toBe(id);
      expect(image.Config).toEqual({
        Cmd: ['/hello'],
        Env: ['A=1', 'B=two words'],
        ExposedPorts: { '80/tcp': {}, '443/udp': {} },
        WorkingDir: '/srv',
      });
    }
    expect(
      service.importTar(from(Buffer.from('junk that is no tar'.repeat(100))), { changes: [] }, never),
    ).rejects.toMatchObject({ kind: 'invalid_parameter' });
  });

  test('a removed image takes its blobs and layers along, but not those another image needs', async () => {
    using here = engine();
    const service = createImageService(here.deps);
    const shared = smallImage({ text: 'same', layers: 2 });
    await service.load(from(dockerArchive(shared, ['one:1'])), () => undefined, never);
    await service.load(
      from(
        dockerArchive({ ...shared, config: Buffer.from(shared.config.toString().replace('/bin/true', '/bin/false')) }, [
          'two:1',
        ]),
      ),
      () => undefined,
      never,
    );
    expect(blobCount(here.root)).toBe(6);
    const reply = await service.remove('one:1', { force: false });
    expect(reply.map((item) => Object.keys(item)[0])).toEqual(['Untagged', 'Deleted']);
    expect(blobCount(here.root)).toBe(4);
    expect((await createImageLookup(here.deps).resolve('two:1')).config.Cmd).toEqual(['/bin/false']);
    const report = await service.prune(new Map([['dangling', ['false']]]));
    expect(report.deleted.length).toBe(2);
    expect(report.reclaimedBytes).toBeGreaterThan(0);
    expect(blobCount(here.root)).toBe(0);
    expect(readdirSync(join(here.root, 'layers')).filter((name) => name !== 'empty')).toEqual([]);
  });
});
