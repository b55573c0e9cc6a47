import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { putImage } from '../../test/fixtures/image-engine.ts';
import { smallImage } from '../../test/fixtures/images.ts';
import { type PeerRegistry, startPeerRegistry } from '../../test/fixtures/peer-registry.ts';
import type { Digest } from '../oci/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../oci/media-type.ts';
import { addReferrer, fallbackTag } from './referrers-fallback.ts';
import { createHostRegistryClient } from './registry-client.host.ts';
import type { RemoteManifest } from './registry-client.ts';

/** docker-registry 2.8 has no referrers API; ours has. */
const signal = new AbortController().signal;
let theirs: PeerRegistry;
let ours: PeerRegistry;
beforeAll(async () => {
  const options = { auth: 'anonymous', address: '127.0.0.1', authority: undefined } as const;
  [theirs, ours] = await Promise.all([
    startPeerRegistry({ ...options, program: 'docker-registry' }),
    startPeerRegistry({ ...options, program: 'ours' }),
  ]);
});
afterAll(async () => {
  await Promise.all([theirs[Symbol.asyncDispose](), ours[Symbol.asyncDispose]()]);
});

function manifestOf(body: object): RemoteManifest {
  const bytes = Buffer.from(JSON.stringify(body));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
  return { mediaType: OCI_MANIFEST, digest, bytes };
}

/** An artifact about the subject, its content already in the repository. */
async function artifactOf(
  registry: PeerRegistry,
  path: string,
  subject: object,
  more: object,
): Promise<RemoteManifest> {
  const digest = await registry.putBlob(path, Buffer.from('{}'));
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest, size: 2 };
  return manifestOf({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [], subject, ...more });
}

async function listAt(
  registry: PeerRegistry,
  path: string,
  subject: string,
): Promise<{ manifests: object[] } | undefined> {
  const response = await registry.fetch(`/v2/${path}/manifests/${fallbackTag(subject)}`, {
    headers: { Accept: OCI_INDEX },
  });
  return response.ok ? ((await response.json()) as { manifests: object[] }) : undefined;
}

test('a manifest with a subject goes on the list under the fallback tag, once, with type and annotations', async () => {
  const client = createHostRegistryClient({ insecureRegistries: [] });
  const repository = client.repository({ registry: theirs.host, path: 'a/b' }, {}, { push: true });
  const subject = await putImage(theirs, 'a/b', '1', smallImage({ text: 'subject' }));
  const typed = await artifactOf(theirs, 'a/b', subject, {
    artifactType: 'application/x.sig',
    annotations: { by: 'me' },
  });
  const bare = await artifactOf(theirs, 'a/b', subject, {});
  for (const one of [typed, bare, typed]) await repository.putManifest(one.digest, one, { signal });
  const list = await listAt(theirs, 'a/b', subject.digest);
  expect(list).toMatchObject({ schemaVersion: 2, mediaType: OCI_INDEX });
  expect(list?.manifests).toEqual([
    {
      mediaType: OCI_MANIFEST,
      digest: typed.digest,
      size: typed.bytes.length,
      artifactType: 'application/x.sig',
      annotations: { by: 'me' },
    },
    {
      mediaType: OCI_MANIFEST,
      digest: bare.digest,
      size: bare.bytes.length,
      artifactType: 'application/vnd.oci.empty.v1+json',
    },
  ]);
});

test('a registry that keeps referrers itself is left to it', async () => {
  const client = createHostRegistryClient({ insecureRegistries: [] });
  const subject = await putImage(ours, 'a/b', '1', smallImage({ text: 'subject' }));
  const artifact = await artifactOf(ours, 'a/b', subject, {});
  await client
    .repository({ registry: ours.host, path: 'a/b' }, {}, { push: true })
    .putManifest('sig', artifact, { signal });
  expect(await listAt(ours, 'a/b', subject.digest)).toBeUndefined();
  const answer = await ours.fetch(`/v2/a/b/referrers/${subject.digest}`);
  expect(await answer.json()).toMatchObject({ manifests: [{ digest: artifact.digest }] });
});

test('a fallback tag that is no list is left as it is, and told', async () => {
  const image = manifestOf({ schemaVersion: 2, config: {}, layers: [] });
  const put = async (): Promise<void> => {
    throw new Error('nothing is to be written');
  };
  const work = addReferrer({ manifest: async () => image, put }, `sha256:${'a'.repeat(64)}`, image);
  await expect(work).rejects.toMatchObject({ kind: 'conflict' });
});

test('fallback tags are cut and cleaned as the specification says', () => {
  expect(fallbackTag(`sha256:${'a'.repeat(64)}`)).toBe(`sha256-${'a'.repeat(64)}`);
  expect(fallbackTag(`sha512:${'b'.repeat(128)}`)).toBe(`sha512-${'b'.repeat(64)}`);
  expect(fallbackTag(`test+${'x'.repeat(40)}:some=${'y'.repeat(80)}`)).toBe(
    `test-${'x'.repeat(27)}-some-${'y'.repeat(59)}`,
  );
});

test('all tags are listed over as many pages as the registry makes of them', async () => {
  const image = smallImage({ text: 'tags' });
  const { digest } = await putImage(ours, 'many/tags', 't0', image);
  const text = await (await ours.fetch(`/v2/many/tags/manifests/${digest}`)).text();
  const names = Array.from({ length: 1005 }, (_, number) => `t${number}`);
  const headers = { 'Content-Type': OCI_MANIFEST };
  for (const tag of names) await ours.fetch(`/v2/many/tags/manifests/${tag}`, { method: 'PUT', headers, body: text });
  const client = createHostRegistryClient({ insecureRegistries: [] });
  const tags = await client.repository({ registry: ours.host, path: 'many/tags' }).tags({ signal });
  expect([...tags].sort()).toEqual([...names].sort());
}, 60_000);
