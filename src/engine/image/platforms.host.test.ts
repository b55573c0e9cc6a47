import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { exportLayout, putArtifact, putAttestedIndex } from '../../../test/fixtures/attested-index.ts';
import { engine } from '../../../test/fixtures/image-engine.ts';
import { tarOf } from '../../../test/fixtures/images.ts';
import type { LocalRegistry } from '../../../test/fixtures/registry.ts';
import { digestOf, startRegistry } from '../../../test/fixtures/registry.ts';
import type { Digest } from '../../oci/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../oci/media-type.ts';
import { createImageLookup } from './image-lookup.ts';
import { createImageService } from './image-service.ts';
import type { ImageService } from './service.ts';

const never = new AbortController().signal;
const AMD = { os: 'linux', architecture: 'amd64' };
const ARM = { os: 'linux', architecture: 'arm64' };
const quiet = (): void => undefined;

async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

async function* from(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** `image amd64 true`, one text for each manifest. */
async function told(service: ImageService, name: string): Promise<readonly string[]> {
  const { Manifests } = await service.inspect(name, { manifests: true });
  return (Manifests ?? []).map(
    ({ Kind, Available, ImageData }) => `${Kind} ${ImageData?.Platform?.architecture ?? '-'} ${Available}`,
  );
}

describe('several platforms, attestations and artifacts', () => {
  let registry: LocalRegistry;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });
  const pull = async (service: ImageService, repository: string, platform?: string): Promise<string> => {
    const reference = `${registry.host}/${repository}:1`;
    await service.pull({ reference, ...(platform ? { platform } : {}) }, quiet, never);
    return reference;
  };

  test('a pull brings the attestations of its platform along, and the next platform joins it', async () => {
    using here = engine();
    const pushed = await putAttestedIndex(registry, 'attested');
    const service = createImageService(here.deps);
    const name = await pull(service, 'attested');
    expect(await told(service, name)).toEqual([
      'image amd64 true',
      'image arm64 false',
      'attestation - true',
      'attestation - false',
      'unknown - false',
    ]);
    await pull(service, 'attested', 'linux/arm64');
    const { Manifests, Size } = await service.inspect(name, { manifests: true });
    expect(Manifests?.map(({ Available }) => Available)).toEqual([true, true, true, true, false]);
    expect(Manifests?.[2]?.AttestationData).toEqual({ For: pushed.amd.digest });
    expect(Manifests?.[0]?.Size?.Total).toBeGreaterThan(Manifests?.[0]?.Size?.Content ?? Number.NaN);
    expect(Size).toBe(Manifests?.reduce((sum, { Size: size }) => sum + (size?.Total ?? 0), 0));
    const lookup = createImageLookup(here.deps);
    expect((await lookup.resolve(name, 'linux/arm64')).manifest.digest as string).toBe(pushed.arm.digest);
    expect((await lookup.resolve(name)).manifest.digest as string).toBe(pushed.amd.digest);
    here.users.push({ containerId: 'c1', imageId: pushed.index.digest, manifest: pushed.arm.digest, running: true });
    const [row] = await service.list({
      all: false,
      digests: false,
      sharedSize: false,
      filters: new Map(),
      manifests: true,
    });
    expect(row?.Manifests?.map(({ ImageData }) => ImageData?.Containers?.join())).toEqual([
      '',
      'c1',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('inspect and history speak of the platform that is asked for, exactly', async () => {
    using here = engine();
    const pushed = await putAttestedIndex(registry, 'asked');
    const service = createImageService(here.deps);
    const name = await pull(service, 'asked', 'linux/arm64');
    const arm = await service.inspect(name, { platform: ARM });
    expect([arm.Id, arm.Architecture, arm.Descriptor?.digest]).toEqual([pushed.arm.digest, 'arm64', pushed.arm.digest]);
    expect((await service.inspect(name)).Id).toBe(pushed.index.digest);
    expect((await service.history(name, ARM)).length).toBe(1);
    const problem = `image with reference ${name} was found but does not provide the specified platform (linux/amd64)`;
    await expect(service.inspect(name, { platform: AMD })).rejects.toThrow(new Error(problem));
    await expect(service.history(name, AMD)).rejects.toThrow(new Error(problem));
    await expect(service.save([name], never, [AMD])).rejects.toThrow(`no suitable export target found: ${problem}`);
  });

  test('everything of an index goes through save, load and push with its digest', async () => {
    using here = engine();
    using there = engine();
    const pushed = await putAttestedIndex(registry, 'whole');
    const service = createImageService(here.deps);
    await service.load(from(await exportLayout(registry.host, 'whole', '1', 'kept:1')), quiet, never);
    expect(here.deps.records.list().map(({ target, names }) => [target.digest as string, names])).toEqual([
      [pushed.index.digest, ['docker.io/library/kept:1']],
    ]);
    const other = createImageService(there.deps);
    await other.load(from(await all(await service.save(['kept:1'], never))), quiet, never);
    expect((await told(other, 'kept:1')).every((line) => line.endsWith('true'))).toBe(true);
    await other.tag('kept:1', `${registry.host}/moved`, '1');
    await other.push({ name: `${registry.host}/moved`, tag: '1' }, quiet, never);
    for (const { digest } of Object.values(pushed)) {
      const [before, after] = await Promise.all(
        ['whole', 'moved'].map((name) =>
          fetch(`http://${registry.host}/v2/${name}/manifests/${digest}`, {
            headers: { accept: `${OCI_INDEX}, ${OCI_MANIFEST}` },
          }).then((answer) => answer.text()),
        ),
      );
      expect(digestOf(Buffer.from(after ?? ''))).toBe(digest);
      expect(after).toBe(before ?? '');
    }
  });

  test('save of one platform gives its manifest the name, of several the index with what they need', async () => {
    using here = engine();
    const pushed = await putAttestedIndex(registry, 'parts');
    const service = createImageService(here.deps);
    const name = await pull(service, 'parts');
    await pull(service, 'parts', 'linux/arm64');
    const loaded = async (platforms: (typeof AMD)[]) => {
      using there = engine();
      const other = createImageService(there.deps);
      await other.load(from(await all(await service.save([name], never, platforms))), quiet, never);
      return [there.deps.records.list()[0]?.target.digest as string | undefined, ...(await told(other, name))];
    };
    expect(await loaded([ARM])).toEqual([pushed.arm.digest, 'image arm64 true']);
    expect(await loaded([ARM, AMD])).toEqual([
      pushed.index.digest,
      'image amd64 true',
      'image arm64 true',
      'attestation - true',
      'attestation - true',
      'unknown - false',
    ]);
  });

  test('load of one platform leaves the others out, but not those that were here', async () => {
    using here = engine();
    using there = engine();
    await putAttestedIndex(registry, 'some');
    const service = createImageService(here.deps);
    const name = await pull(service, 'some');
    await pull(service, 'some', 'linux/arm64');
    const archive = await all(await service.save([name], never));
    const other = createImageService(there.deps);
    await other.load(from(archive), quiet, never, [ARM]);
    expect(await told(other, name)).toEqual([
      'image amd64 false',
      'image arm64 true',
      'attestation - false',
      'attestation - true',
      'unknown - false',
    ]);
    await other.load(from(archive), quiet, never, [AMD]);
    expect((await told(other, name)).slice(0, 4).every((line) => line.endsWith('true'))).toBe(true);
    using third = engine();
    const wanted = [{ os: 'linux', architecture: 's390x' }];
    await expect(createImageService(third.deps).load(from(archive), quiet, never, wanted)).rejects.toMatchObject({
      kind: 'not_found',
    });
    expect(third.deps.records.list()).toEqual([]);
  });

  test('rmi of a platform takes what only it needs, with force; a pull brings it back', async () => {
    using here = engine();
    const pushed = await putAttestedIndex(registry, 'less');
    const service = createImageService(here.deps);
    const name = await pull(service, 'less');
    await pull(service, 'less', 'linux/arm64');
    await expect(service.remove(name, { force: false, platforms: [ARM] })).rejects.toThrow('Content will be removed');
    expect(await service.remove(name, { force: true, platforms: [ARM] })).toEqual([
      { Deleted: pushed.arm.digest },
      { Deleted: pushed.armAttestation.digest },
    ]);
    expect(await told(service, name)).toEqual([
      'image amd64 true',
      'image arm64 false',
      'attestation - true',
      'attestation - false',
      'unknown - false',
    ]);
    expect(await here.deps.content.has(pushed.arm.digest as Digest)).toBe(false);
    await expect(service.remove(name, { force: true, platforms: [ARM] })).rejects.toThrow(
      `failed to delete platform linux/arm64 for image ${pushed.index.digest}: image with reference ${name} was found but does not provide the specified platform (linux/arm64)`,
    );
    await pull(service, 'less', 'linux/arm64');
    expect((await told(service, name))[1]).toBe('image arm64 true');
  });

  test('what a pull fetches while another removal waits is not taken away', async () => {
    using here = engine();
    await putAttestedIndex(registry, 'race');
    const service = createImageService(here.deps);
    const name = await pull(service, 'race');
    await pull(service, 'race', 'linux/arm64');
    {
      using _lease = await here.deps.collector.lease();
      await service.remove(name, { force: true, platforms: [ARM] });
      await pull(service, 'race', 'linux/arm64');
    }
    await here.deps.collector.collect();
    expect((await told(service, name))[1]).toBe('image arm64 true');
  });

  test('a platform that another image needs stays', async () => {
    using here = engine();
    const pushed = await putAttestedIndex(registry, 'shared');
    const service = createImageService(here.deps);
    const name = await pull(service, 'shared');
    await service.pull({ reference: `${registry.host}/shared@${pushed.amd.digest}` }, quiet, never);
    await service.remove(name, { force: true, platforms: [AMD] });
    expect((await service.inspect(pushed.amd.digest)).Architecture).toBe('amd64');
    expect((await told(service, name))[0]).toBe('image amd64 true');
  });

  test('of an index that is not whole the machine’s platform is pushed', async () => {
    using here = engine();
    const pushed = await putAttestedIndex(registry, 'broken');
    const service = createImageService(here.deps);
    const name = await pull(service, 'broken');
    await pull(service, 'broken', 'linux/arm64');
    await service.tag(name, `${registry.host}/instead`, '1');
    await service.push({ name: `${registry.host}/instead`, tag: '1' }, quiet, never);
    const head = await fetch(`http://${registry.host}/v2/instead/manifests/1`, {
      method: 'HEAD',
      headers: { accept: `${OCI_INDEX}, ${OCI_MANIFEST}` },
    });
    expect(head.headers.get('docker-content-digest')).toBe(pushed.amd.digest);
  });

  test('an artifact is kept, listed, saved and pushed, and cannot be run', async () => {
    using here = engine();
    using there = engine();
    const artifact = await putArtifact(registry, 'thing', '1');
    const service = createImageService(here.deps);
    await service.load(from(await exportLayout(registry.host, 'thing', '1', 'thing:1')), quiet, never);
    const rows = await service.list({
      all: false,
      digests: false,
      sharedSize: false,
      filters: new Map(),
      manifests: true,
    });
    expect(rows.map(({ Id, RepoTags, Created }) => [Id, RepoTags, Created])).toEqual([
      [artifact.digest, ['thing:1'], 0],
    ]);
    expect(rows[0]?.Manifests?.map(({ Kind, Available }) => [Kind, Available])).toEqual([['unknown', true]]);
    expect(await service.inspect('thing:1')).toMatchObject({ Id: artifact.digest, Architecture: '', Os: '' });
    await expect(createImageLookup(here.deps).resolve('thing:1')).rejects.toThrow(
      'thing:1 is an artifact and not an image: there is nothing in it to run',
    );
    const other = createImageService(there.deps);
    await other.load(from(await all(await service.save(['thing:1'], never))), quiet, never);
    await other.tag('thing:1', `${registry.host}/thing-copy`, '1');
    await other.push({ name: `${registry.host}/thing-copy`, tag: '1' }, quiet, never);
    const answer = await fetch(`http://${registry.host}/v2/thing-copy/manifests/1`, {
      headers: { accept: OCI_MANIFEST },
    });
    expect(digestOf(Buffer.from(await answer.arrayBuffer()))).toBe(artifact.digest);
  });
});

test('a file that an index names beside its manifests is carried along, and a malformed manifest stops no list', async () => {
  using here = engine();
  const service = createImageService(here.deps);
  const [file, broken] = [Buffer.from('not a manifest'), Buffer.from('{"layers": 5')];
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [
        { mediaType: 'application/vnd.example.file', digest: digestOf(file), size: file.byteLength },
        { mediaType: OCI_MANIFEST, digest: digestOf(broken), size: broken.byteLength },
      ],
    }),
  );
  const path = (bytes: Uint8Array): string => `blobs/sha256/${digestOf(bytes).slice(7)}`;
  const top = { mediaType: OCI_INDEX, digest: digestOf(index), size: index.byteLength };
  const named = { ...top, annotations: { 'io.containerd.image.name': 'docker.io/library/odd:1' } };
  const layout = tarOf({
    'index.json': JSON.stringify({ schemaVersion: 2, manifests: [named] }),
    [path(file)]: file,
    [path(broken)]: broken,
    [path(index)]: index,
  });
  await expect(service.load(from(layout), quiet, never)).rejects.toThrow('is not complete');
  expect(here.deps.records.list()).toEqual([]);
  here.deps.records.put({ ...top, digest: top.digest as Digest }, ['docker.io/library/odd:1'], 1);
  for (const bytes of [file, broken, index]) await here.deps.content.write(from(bytes));
  await here.deps.collector.collect();
  expect(await told(service, 'odd:1')).toEqual(['unknown - false']);
  const saved = (await all(await service.save(['odd:1'], never))).toString('latin1');
  for (const bytes of [file, broken, index]) expect(saved).toContain(path(bytes));
});
