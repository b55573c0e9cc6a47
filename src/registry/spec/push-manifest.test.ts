import { expect, test } from 'bun:test';
import { errorCode, imageManifest, OCI_INDEX, OCI_MANIFEST, sha256, sha512 } from '../registry.fake.ts';
import { specSuite } from './spec.suite.ts';

specSuite('Push: manifests', ({ get, registry, send }) => {
  test('Pushing Manifests (end-7): by tag and by digest, 201 with Location and Docker-Content-Digest', async () => {
    const image = await registry.pushImage('push/manifest', 'a');
    const again = await send('PUT', `/v2/push/manifest/manifests/${image.digest}`, image.text, {
      'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
    });
    expect([again.status, again.headers.get('docker-content-digest')]).toEqual([201, image.digest]);
    expect(again.headers.get('location')).toBe(`/v2/push/manifest/manifests/${image.digest}`);
    const wrong = await send('PUT', `/v2/push/manifest/manifests/${sha256('x')}`, image.text);
    expect([wrong.status, await errorCode(wrong)]).toEqual([400, 'DIGEST_INVALID']);
    const by512 = await send('PUT', `/v2/push/manifest/manifests/${sha512(image.text)}`, image.text);
    expect([by512.status, by512.headers.get('docker-content-digest')]).toEqual([201, sha512(image.text)]);
  });

  test('Pushing Manifests (end-7): content that the repository does not have is MANIFEST_BLOB_UNKNOWN and names it', async () => {
    const config = await registry.putBlob('push/missing', '{}');
    const manifest = imageManifest({ digest: config, size: 2 }, [{ digest: sha256('not here'), size: 8 }]);
    const response = await registry.putManifest('push/missing', 'a', manifest);
    expect(response.status).toBe(404);
    const { errors } = (await response.json()) as { errors: { code: string; detail: unknown }[] };
    expect(errors).toMatchObject([{ code: 'MANIFEST_BLOB_UNKNOWN', detail: { digest: sha256('not here') } }]);
    expect((await get('/v2/push/missing/manifests/a')).status).toBe(404);
    const index = {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha256('m'), size: 1 }],
    };
    expect((await registry.putManifest('push/missing', 'i', index, OCI_INDEX)).status).toBe(404);
  });

  test('Pushing Manifests (end-7): foreign layers need not be here', async () => {
    const config = await registry.putBlob('push/foreign', '{}');
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const manifest = {
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: 'application/vnd.docker.container.image.v1+json', digest: config, size: 2 },
      layers: [
        {
          mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
          digest: sha256('w'),
          size: 1,
          urls: ['https://example.com/w'],
        },
      ],
    };
    expect((await registry.putManifest('push/foreign', 'a', manifest, type)).status).toBe(201);
    expect((await get('/v2/push/foreign/manifests/a')).headers.get('content-type')).toBe(type);
  });

  test('Pushing Manifests (end-7): indexes of OCI and of Docker keep their type', async () => {
    const image = await registry.pushImage('push/index', 'one');
    for (const type of [OCI_INDEX, 'application/vnd.docker.distribution.manifest.list.v2+json']) {
      const entry = {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: image.digest,
        size: image.size,
        platform: { os: 'linux', architecture: 'amd64' },
      };
      const index = { schemaVersion: 2, mediaType: type, manifests: [entry] };
      expect((await registry.putManifest('push/index', 'all', index, type)).status).toBe(201);
      const response = await get('/v2/push/index/manifests/all');
      expect([response.headers.get('content-type'), await response.json()]).toEqual([type, index]);
    }
  });

  test('Pushing Manifests (end-7): entries of an index may be blobs, as build caches have them', async () => {
    const layer = await registry.putBlob('push/cache', 'a cached layer');
    const entry = (digest: string): object => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest,
      size: 14,
    });
    const index = (digest: string): object => ({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry(digest)] });
    expect((await registry.putManifest('push/cache', 'v1', index(layer), OCI_INDEX)).status).toBe(201);
    expect((await registry.putManifest('push/cache', 'v2', index(sha256('none')), OCI_INDEX)).status).toBe(404);
  });

  test('Pushing Manifests (end-7): malformed ones are 400 MANIFEST_INVALID', async () => {
    const config = { mediaType: 'a', digest: sha256('x'), size: 1 };
    const cases: readonly (readonly [string, unknown])[] = [
      ['not JSON', 'nonsense'],
      ['a list', []],
      ['schema 1', { schemaVersion: 1, fsLayers: [] }],
      ['no config', { schemaVersion: 2, layers: [] }],
      ['no layers', { schemaVersion: 2, config }],
      ['a digest that is none', { schemaVersion: 2, config: { ...config, digest: '../../etc/passwd' }, layers: [] }],
      ['a negative size', { schemaVersion: 2, config: { ...config, size: -1 }, layers: [] }],
      ['another mediaType than the header', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] }],
      ['index and manifest at once', { schemaVersion: 2, config, layers: [], manifests: [] }],
      ['not said to be a list', { schemaVersion: 2, mediaType: 'text/plain', config, layers: [] }],
      ['subject without digest', { schemaVersion: 2, config, layers: [], subject: {} }],
    ];
    for (const [what, body] of cases) {
      const response = await send(
        'PUT',
        '/v2/push/bad/manifests/a',
        typeof body === 'string' ? body : JSON.stringify(body),
        {
          'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
        },
      );
      expect([what, response.status, await errorCode(response)]).toEqual([what, 400, 'MANIFEST_INVALID']);
    }
    const unknown = await send('PUT', '/v2/push/bad/manifests/a', '{"schemaVersion":2}', {
      'Content-Type': 'text/plain',
    });
    expect(await errorCode(unknown)).toBe('MANIFEST_INVALID');
  });

  test('Pushing Manifests (end-7): every byte is kept as it was sent, and parameters of Content-Type are not', async () => {
    const config = await registry.putBlob('push/bytes', '{}');
    const manifest = imageManifest({ digest: config, size: 2 }, []);
    const text = `\n{ "unknown": 1.0,\t"é": "\\u00e9",${JSON.stringify(manifest, null, 3).slice(1)}\n\n`;
    const put = await send('PUT', '/v2/push/bytes/manifests/v1', text, {
      'Content-Type': `${OCI_MANIFEST}; charset=utf-8`,
    });
    expect([put.status, put.headers.get('docker-content-digest')]).toEqual([201, sha256(text)]);
    const response = await get('/v2/push/bytes/manifests/v1');
    expect([await response.text(), response.headers.get('content-type')]).toEqual([text, OCI_MANIFEST]);
  });

  test('Pushing Manifests (end-7): one of 4 MiB is taken', async () => {
    const config = await registry.putBlob('push/large', '{}');
    const bare = { ...imageManifest({ digest: config, size: 2 }, []), annotations: { filler: '' } };
    const filler = 'x'.repeat(4 * 1024 * 1024 - JSON.stringify(bare).length);
    const text = JSON.stringify({ ...bare, annotations: { filler } });
    expect(text.length).toBe(4 * 1024 * 1024);
    expect((await send('PUT', '/v2/push/large/manifests/v1', text, { 'Content-Type': OCI_MANIFEST })).status).toBe(201);
    expect(await (await get('/v2/push/large/manifests/v1')).text()).toBe(text);
  });

  test('Pushing Manifests (end-7): a tag that is pushed again stands for the new manifest, the old one stays by digest', async () => {
    const [first, second] = [
      await registry.pushImage('push/again', 'v1'),
      await registry.pushImage('push/again', 'v1'),
    ];
    expect((await get('/v2/push/again/manifests/v1')).headers.get('docker-content-digest')).toBe(second.digest);
    expect((await get(`/v2/push/again/manifests/${first.digest}`)).status).toBe(200);
  });

  test('Pushing Manifests (end-7): one over 4 MiB is 413, whether its length is announced or not', async () => {
    const large = new Uint8Array(4 * 1024 * 1024 + 1).fill(32);
    expect((await send('PUT', '/v2/push/bad/manifests/a', large)).status).toBe(413);
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    const endless = await registry.fetch('/v2/push/bad/manifests/a', { method: 'PUT', body }).then(
      ({ status }) => status,
      () => 'cut',
    );
    expect([413, 'cut']).toContain(endless);
  });

  test('Pushing Manifests with Subject (end-7): answers OCI-Subject, also when the subject is not here', async () => {
    const empty = await registry.putBlob('push/subject', '{}');
    const subject = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha256('later'), size: 5 };
    const response = await registry.putManifest('push/subject', 'sig', {
      ...imageManifest({ digest: empty, size: 2 }, []),
      subject,
    });
    expect([response.status, response.headers.get('oci-subject')]).toEqual([201, subject.digest]);
    const plain = await registry.putManifest('push/subject', 'plain', imageManifest({ digest: empty, size: 2 }, []));
    expect(plain.headers.get('oci-subject')).toBeNull();
  });
});
