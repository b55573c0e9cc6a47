import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  errorCode,
  imageManifest,
  OCI_INDEX,
  sha256,
  sha512,
  startTestRegistry,
  type TestRegistry,
} from './registry.fake.ts';

/** The requirements of the OCI distribution spec 1.1, each with the section it comes from. */
for (const storage of ['memory', 'filesystem'] as const) {
  describe(`distribution spec on ${storage}`, () => {
    const root = mkdtempSync(join(tmpdir(), 'skiff-spec-'));
    let registry: TestRegistry;
    beforeAll(async () => {
      registry = await startTestRegistry({ root: storage === 'memory' ? undefined : root });
    });
    afterAll(async () => {
      await registry[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    });
    const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      await registry.fetch(path, { headers });
    const send = async (
      method: string,
      path: string,
      body?: string | Uint8Array,
      headers: Record<string, string> = {},
    ): Promise<Response> => await registry.fetch(path, { method, headers, ...(body === undefined ? {} : { body }) });
    const start = async (repository: string): Promise<string> =>
      (await send('POST', `/v2/${repository}/blobs/uploads/`)).headers.get('location') ?? '';

    test('Determining Support (end-1): GET /v2/ answers 200', async () => {
      const response = await get('/v2/');
      expect(response.status).toBe(200);
      expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
    });

    describe('Pull', () => {
      test('Pulling manifests (end-3): by tag and by digest, GET and HEAD, the bytes that were pushed', async () => {
        const image = await registry.pushImage('pull/image', 'v1');
        for (const reference of ['v1', image.digest]) {
          const response = await get(`/v2/pull/image/manifests/${reference}`);
          expect(response.status).toBe(200);
          expect(await response.text()).toBe(image.text);
          const head = await send('HEAD', `/v2/pull/image/manifests/${reference}`);
          expect([head.status, head.headers.get('content-length')]).toEqual([200, String(image.size)]);
          for (const { headers } of [response, head]) {
            expect(headers.get('docker-content-digest')).toBe(image.digest);
            expect(headers.get('content-type')).toBe('application/vnd.oci.image.manifest.v1+json');
          }
        }
      });

      test('Pulling manifests (end-3): what is not there is 404 MANIFEST_UNKNOWN', async () => {
        for (const reference of ['none', sha256('none')]) {
          const response = await get(`/v2/pull/image/manifests/${reference}`);
          expect(response.status).toBe(404);
          expect(await errorCode(response)).toBe('MANIFEST_UNKNOWN');
          expect((await send('HEAD', `/v2/pull/none/manifests/${reference}`)).status).toBe(404);
        }
      });

      test('Pulling blobs (end-2): GET the bytes, HEAD the size, 404 BLOB_UNKNOWN for what the repository does not have', async () => {
        const digest = await registry.putBlob('pull/blob', 'the content');
        const response = await get(`/v2/pull/blob/blobs/${digest}`);
        expect([response.status, await response.text()]).toEqual([200, 'the content']);
        expect(response.headers.get('docker-content-digest')).toBe(digest);
        expect(response.headers.get('content-length')).toBe('11');
        const head = await send('HEAD', `/v2/pull/blob/blobs/${digest}`);
        expect([head.status, head.headers.get('content-length')]).toEqual([200, '11']);
        const elsewhere = await get(`/v2/pull/other/blobs/${digest}`);
        expect([elsewhere.status, await errorCode(elsewhere)]).toEqual([404, 'BLOB_UNKNOWN']);
        expect((await send('HEAD', `/v2/pull/blob/blobs/${sha256('none')}`)).status).toBe(404);
      });

      test('Pulling blobs (end-2): Range answers 206 with those bytes, one outside 416', async () => {
        const digest = await registry.putBlob('pull/blob', '0123456789');
        const path = `/v2/pull/blob/blobs/${digest}`;
        const cases = [
          ['bytes=2-5', '2345', 'bytes 2-5/10'],
          ['bytes=7-', '789', 'bytes 7-9/10'],
          ['bytes=-3', '789', 'bytes 7-9/10'],
          ['bytes=0-0', '0', 'bytes 0-0/10'],
          ['bytes=8-99', '89', 'bytes 8-9/10'],
        ] as const;
        for (const [range, text, contentRange] of cases) {
          const response = await get(path, { Range: range });
          expect([response.status, await response.text()]).toEqual([206, text]);
          expect(response.headers.get('content-range')).toBe(contentRange);
        }
        const outside = await get(path, { Range: 'bytes=10-' });
        expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */10']);
        for (const range of ['lines=1-2', 'bytes=5-2', 'bytes=0-1,4-5']) {
          const whole = await get(path, { Range: range });
          expect([whole.status, await whole.text()]).toEqual([200, '0123456789']);
        }
      });

      test('Pulling blobs (end-2): If-None-Match with the ETag answers 304 without a body', async () => {
        const digest = await registry.putBlob('pull/blob', 'cached');
        const etag = (await get(`/v2/pull/blob/blobs/${digest}`)).headers.get('etag') ?? '';
        const response = await get(`/v2/pull/blob/blobs/${digest}`, { 'If-None-Match': etag });
        expect([response.status, await response.text()]).toEqual([304, '']);
        expect((await get(`/v2/pull/blob/blobs/${digest}`, { 'If-None-Match': '"other"' })).status).toBe(200);
        const image = await registry.pushImage('pull/image', 'etag');
        expect((await get('/v2/pull/image/manifests/etag', { 'If-None-Match': `"${image.digest}"` })).status).toBe(304);
      });

      test('Pulling blobs (end-2): an empty blob is served', async () => {
        const digest = await registry.putBlob('pull/blob', '');
        const response = await get(`/v2/pull/blob/blobs/${digest}`);
        expect([response.status, await response.text()]).toEqual([200, '']);
      });
    });

    describe('Push', () => {
      test('Pushing a blob monolithically, POST then PUT (end-4a, end-6)', async () => {
        const content = randomBytes(100_000);
        const started = await send('POST', '/v2/push/blob/blobs/uploads/');
        expect(started.status).toBe(202);
        const location = started.headers.get('location') ?? '';
        const done = await send('PUT', `${location}?digest=${sha256(content)}`, content);
        expect([done.status, done.headers.get('docker-content-digest')]).toEqual([201, sha256(content)]);
        const blob = await get(done.headers.get('location') ?? '');
        expect(Buffer.from(await blob.arrayBuffer()).equals(content)).toBe(true);
        expect((await get(location)).status).toBe(404);
      });

      test('Pushing a blob monolithically, single POST (end-4b)', async () => {
        const response = await send('POST', `/v2/push/blob/blobs/uploads/?digest=${sha256('single')}`, 'single');
        expect(response.status).toBe(201);
        expect(response.headers.get('location')).toBe(`/v2/push/blob/blobs/${sha256('single')}`);
        const wrong = await send('POST', `/v2/push/blob/blobs/uploads/?digest=${sha256('other')}`, 'single');
        expect([wrong.status, await errorCode(wrong)]).toEqual([400, 'DIGEST_INVALID']);
      });

      test('Pushing a blob in chunks (end-5, end-6): in order, with the state in Range, the last one with PUT', async () => {
        let location = await start('push/chunks');
        const parts = ['first ', 'second ', 'third'];
        let offset = 0;
        for (const part of parts.slice(0, 2)) {
          const range = `${offset}-${offset + part.length - 1}`;
          const response = await send('PATCH', location, part, { 'Content-Range': range });
          offset += part.length;
          expect([response.status, response.headers.get('range')]).toEqual([202, `0-${offset - 1}`]);
          location = response.headers.get('location') ?? '';
        }
        const digest = sha256(parts.join(''));
        const done = await send('PUT', `${location}?digest=${digest}`, 'third', {
          'Content-Range': `${offset}-${offset + 4}`,
        });
        expect(done.status).toBe(201);
        expect(await (await get(`/v2/push/chunks/blobs/${digest}`)).text()).toBe('first second third');
      });

      test('Pushing a blob in chunks (end-5): an out-of-order chunk is 416 and changes nothing, the upload can go on', async () => {
        const location = await start('push/chunks');
        expect((await send('PATCH', location, 'abc', { 'Content-Range': '0-2' })).status).toBe(202);
        for (const range of ['0-2', '5-7', '2-4', 'nonsense', '4-3']) {
          const response = await send('PATCH', location, 'xyz', { 'Content-Range': range });
          expect([range, response.status, response.headers.get('range')]).toEqual([
            range,
            416,
            range === 'nonsense' || range === '4-3' ? response.headers.get('range') : '0-2',
          ]);
        }
        expect((await send('PATCH', location, 'def', { 'Content-Range': '3-5' })).status).toBe(202);
        expect((await send('PUT', `${location}?digest=${sha256('abcdef')}`)).status).toBe(201);
      });

      test('Pushing a blob in chunks (end-5): a Content-Range of another length than the body is SIZE_INVALID', async () => {
        const location = await start('push/chunks');
        const response = await send('PATCH', location, 'abc', { 'Content-Range': '0-9' });
        expect([response.status, await errorCode(response)]).toEqual([400, 'SIZE_INVALID']);
      });

      test('Pushing a blob in chunks (end-5): without Content-Range the body is appended as a stream', async () => {
        const location = await start('push/chunks');
        const body = new ReadableStream({
          start(controller) {
            for (const part of ['a', 'b', 'c']) controller.enqueue(new TextEncoder().encode(part));
            controller.close();
          },
        });
        expect((await registry.fetch(location, { method: 'PATCH', body })).headers.get('range')).toBe('0-2');
        expect((await send('PATCH', location, 'd')).headers.get('range')).toBe('0-3');
        expect((await send('PUT', `${location}?digest=${sha256('abcd')}`)).status).toBe(201);
      });

      test('Pushing a blob in chunks (end-13): GET on the upload answers 204 with Location and Range', async () => {
        const location = await start('push/status');
        expect((await get(location)).headers.get('range')).toBe('0-0');
        await send('PATCH', location, 'four');
        const status = await get(location);
        expect([status.status, status.headers.get('range')]).toEqual([204, '0-3']);
        expect(status.headers.get('location')).toBe(location);
      });

      test('Pushing blobs: a wrong digest is 400 DIGEST_INVALID and ends the upload; none at all is DIGEST_INVALID', async () => {
        const location = await start('push/blob');
        const none = await send('PUT', location, 'content');
        expect([none.status, await errorCode(none)]).toEqual([400, 'DIGEST_INVALID']);
        const wrong = await send('PUT', `${location}?digest=${sha256('else')}`, 'content');
        expect([wrong.status, await errorCode(wrong)]).toEqual([400, 'DIGEST_INVALID']);
        expect((await get(location)).status).toBe(404);
        expect((await send('HEAD', `/v2/push/blob/blobs/${sha256('else')}`)).status).toBe(404);
        const odd = await send('PUT', `${await start('push/blob')}?digest=md5:00`, 'content');
        expect([odd.status, await errorCode(odd)]).toEqual([400, 'DIGEST_INVALID']);
      });

      test('Pushing blobs: sha512 digests are verified and served', async () => {
        const location = await start('push/sha512');
        await send('PATCH', location, 'sha');
        const done = await send('PUT', `${location}?digest=${sha512('sha512')}`, '512');
        expect(done.status).toBe(201);
        expect(await (await get(`/v2/push/sha512/blobs/${sha512('sha512')}`)).text()).toBe('sha512');
        const wrong = await send('POST', `/v2/push/sha512/blobs/uploads/?digest=${sha512('a')}`, 'b');
        expect([wrong.status, await errorCode(wrong)]).toEqual([400, 'DIGEST_INVALID']);
      });

      test('Pushing blobs: an unknown upload is 404 BLOB_UPLOAD_UNKNOWN, also one of another repository', async () => {
        const location = await start('push/blob');
        const paths = [
          '/v2/push/blob/blobs/uploads/not-there',
          '/v2/push/blob/blobs/uploads/..%2f..%2fx',
          location.replace('push/blob', 'push/other'),
        ];
        for (const path of paths)
          for (const method of ['GET', 'PATCH', 'DELETE']) {
            const response = await send(method, path, method === 'PATCH' ? 'x' : undefined);
            expect([path, response.status, await errorCode(response)]).toEqual([path, 404, 'BLOB_UPLOAD_UNKNOWN']);
          }
      });

      test('Canceling an upload: DELETE answers 204 and the upload is gone', async () => {
        const location = await start('push/blob');
        await send('PATCH', location, 'bytes');
        expect((await send('DELETE', location)).status).toBe(204);
        expect((await get(location)).status).toBe(404);
      });

      test('Mounting a blob from another repository (end-11): 201 when it is there, an upload when it is not', async () => {
        const digest = await registry.putBlob('mount/from', 'to mount');
        const mounted = await send('POST', `/v2/mount/to/blobs/uploads/?mount=${digest}&from=mount/from`);
        expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/mount/to/blobs/${digest}`]);
        expect(await (await get(`/v2/mount/to/blobs/${digest}`)).text()).toBe('to mount');
        for (const query of [
          `mount=${sha256('no')}&from=mount/from`,
          `mount=${digest}&from=mount/none`,
          `mount=${digest}`,
        ]) {
          const fallback = await send('POST', `/v2/mount/third/blobs/uploads/?${query}`);
          expect(fallback.status).toBe(202);
          expect((await get(fallback.headers.get('location') ?? '')).status).toBe(204);
        }
        expect((await send('HEAD', `/v2/mount/third/blobs/${digest}`)).status).toBe(404);
      });

      test('Pushing Manifests (end-7): by tag and by digest, 201 with Location and Docker-Content-Digest', async () => {
        const image = await registry.pushImage('push/manifest', 'a');
        const again = await send('PUT', `/v2/push/manifest/manifests/${image.digest}`, image.text, {
          'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
        });
        for (const response of [again]) {
          expect([response.status, response.headers.get('docker-content-digest')]).toEqual([201, image.digest]);
          expect(response.headers.get('location')).toBe(`/v2/push/manifest/manifests/${image.digest}`);
        }
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

      test('Pushing Manifests (end-7): malformed ones are 400 MANIFEST_INVALID', async () => {
        const config = { mediaType: 'a', digest: sha256('x'), size: 1 };
        const cases: readonly (readonly [string, unknown])[] = [
          ['not JSON', 'nonsense'],
          ['a list', []],
          ['schema 1', { schemaVersion: 1, fsLayers: [] }],
          ['no config', { schemaVersion: 2, layers: [] }],
          ['no layers', { schemaVersion: 2, config }],
          [
            'a digest that is none',
            { schemaVersion: 2, config: { ...config, digest: '../../etc/passwd' }, layers: [] },
          ],
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
        const plain = await registry.putManifest(
          'push/subject',
          'plain',
          imageManifest({ digest: empty, size: 2 }, []),
        );
        expect(plain.headers.get('oci-subject')).toBeNull();
      });
    });

    describe('Content Discovery', () => {
      test('Listing Tags (end-8a): all in lexical order, 404 NAME_UNKNOWN for a repository that is not there', async () => {
        const image = await registry.pushImage('tags/all', 'beta');
        for (const tag of ['Alpha', 'v10', 'v2', '1.0', 'alpha'])
          await send('PUT', `/v2/tags/all/manifests/${tag}`, image.text);
        const list = await get('/v2/tags/all/tags/list');
        expect(await list.json()).toEqual({ name: 'tags/all', tags: ['1.0', 'Alpha', 'alpha', 'beta', 'v10', 'v2'] });
        const none = await get('/v2/tags/none/tags/list');
        expect([none.status, await errorCode(none)]).toEqual([404, 'NAME_UNKNOWN']);
      });

      test('Listing Tags (end-8b): n and last cut the list, Link leads through it', async () => {
        const image = await registry.pushImage('tags/pages', 't0');
        for (const number of [1, 2, 3, 4]) await send('PUT', `/v2/tags/pages/manifests/t${number}`, image.text);
        const seen: string[] = [];
        let next: string | undefined = '/v2/tags/pages/tags/list?n=2';
        for (let pages = 0; next !== undefined && pages < 10; pages++) {
          const response: Response = await get(next);
          seen.push(...((await response.json()) as { tags: string[] }).tags, '|');
          next = /^<(.+)>; rel="next"$/.exec(response.headers.get('link') ?? '')?.[1];
        }
        expect(seen).toEqual(['t0', 't1', '|', 't2', 't3', '|', 't4', '|']);
        expect(await (await get('/v2/tags/pages/tags/list?n=0')).json()).toMatchObject({ tags: [] });
        expect(await (await get('/v2/tags/pages/tags/list?last=t2')).json()).toMatchObject({ tags: ['t3', 't4'] });
        const odd = await get('/v2/tags/pages/tags/list?n=-1');
        expect([odd.status, await errorCode(odd)]).toEqual([400, 'PAGINATION_NUMBER_INVALID']);
      });

      test('Listing Referrers (end-12a): an index of descriptors with artifactType and annotations; empty when there are none', async () => {
        const subject = await registry.pushImage('ref/image', 'v1');
        const descriptor = {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: subject.digest,
          size: subject.size,
        };
        const signature = await registry.pushImage('ref/image', 'sig', {
          subject: descriptor,
          artifactType: 'application/x.sig',
          annotations: { by: 'me' },
        });
        const sbom = await registry.pushImage('ref/image', 'sbom', { subject: descriptor });
        const response = await get(`/v2/ref/image/referrers/${subject.digest}`);
        expect([response.status, response.headers.get('content-type')]).toEqual([200, OCI_INDEX]);
        expect(response.headers.get('oci-filters-applied')).toBeNull();
        const index = (await response.json()) as {
          schemaVersion: number;
          mediaType: string;
          manifests: { digest: string }[];
        };
        expect([index.schemaVersion, index.mediaType, index.manifests.length]).toEqual([2, OCI_INDEX, 2]);
        expect(index.manifests).toContainEqual({
          ...descriptor,
          digest: signature.digest,
          size: signature.size,
          artifactType: 'application/x.sig',
          annotations: { by: 'me' },
        } as never);
        expect(index.manifests).toContainEqual({
          ...descriptor,
          digest: sbom.digest,
          size: sbom.size,
          artifactType: 'application/vnd.oci.image.config.v1+json',
        } as never);
        for (const path of [
          `/v2/ref/image/referrers/${sha256('nothing')}`,
          `/v2/ref/none/referrers/${subject.digest}`,
        ]) {
          const none = await get(path);
          expect([none.status, ((await none.json()) as { manifests: unknown[] }).manifests]).toEqual([200, []]);
        }
        const bad = await get('/v2/ref/image/referrers/latest');
        expect([bad.status, await errorCode(bad)]).toEqual([400, 'DIGEST_INVALID']);
      });

      test('Listing Referrers (end-12b): artifactType filters and says so in OCI-Filters-Applied', async () => {
        const subject = await registry.pushImage('ref/filter', 'v1');
        const descriptor = {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: subject.digest,
          size: subject.size,
        };
        for (const type of ['application/x.sig', 'application/x.sbom'])
          await registry.pushImage('ref/filter', type.slice(-3), { subject: descriptor, artifactType: type });
        const response = await get(
          `/v2/ref/filter/referrers/${subject.digest}?artifactType=${encodeURIComponent('application/x.sig')}`,
        );
        expect(response.headers.get('oci-filters-applied')).toBe('artifactType');
        expect((await response.json()) as object).toMatchObject({ manifests: [{ artifactType: 'application/x.sig' }] });
      });

      test('Upgrade Procedures: referrers that a client listed under the fallback tag are in the answer when they name the subject', async () => {
        const subject = await registry.pushImage('ref/fallback', 'v1');
        const descriptor = {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: subject.digest,
          size: subject.size,
        };
        const listed = await registry.pushImage('ref/fallback', 'listed', { subject: descriptor });
        const liar = await registry.pushImage('ref/fallback', 'liar');
        const entry = ({ digest, size }: { digest: string; size: number }): object => ({ ...descriptor, digest, size });
        const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry(listed), entry(liar)] };
        await registry.putManifest('ref/fallback', subject.digest.replace(':', '-'), index, OCI_INDEX);
        const answer = (await (await get(`/v2/ref/fallback/referrers/${subject.digest}`)).json()) as {
          manifests: { digest: string }[];
        };
        expect(answer.manifests.map(({ digest }) => digest)).toEqual([listed.digest]);
      });

      test('_catalog: names of all repositories, by pages', async () => {
        await registry.pushImage('zz/a-b', 'v1');
        await registry.pushImage('zz/a', 'v1');
        await registry.pushImage('zz/a/b', 'v1');
        const all = (await (await get('/v2/_catalog')).json()) as { repositories: string[] };
        expect(all.repositories).toEqual([...all.repositories].sort());
        expect(all.repositories).toContain('zz/a/b');
        const page = await get('/v2/_catalog?n=2&last=zz');
        expect(await page.json()).toEqual({ repositories: ['zz/a', 'zz/a-b'] });
        expect(page.headers.get('link')).toBe('</v2/_catalog?n=2&last=zz%2Fa-b>; rel="next"');
      });
    });

    describe('Content Management', () => {
      test('Deleting tags (end-9): 202, the manifest stays, the other tags too', async () => {
        const image = await registry.pushImage('delete/tag', 'one');
        await send('PUT', '/v2/delete/tag/manifests/two', image.text);
        expect((await send('DELETE', '/v2/delete/tag/manifests/one')).status).toBe(202);
        expect((await get('/v2/delete/tag/manifests/one')).status).toBe(404);
        expect((await get('/v2/delete/tag/manifests/two')).status).toBe(200);
        expect((await get(`/v2/delete/tag/manifests/${image.digest}`)).status).toBe(200);
        const again = await send('DELETE', '/v2/delete/tag/manifests/one');
        expect([again.status, await errorCode(again)]).toEqual([404, 'MANIFEST_UNKNOWN']);
      });

      test('Deleting Manifests (end-9): 202, its tags are gone, it refers to nothing any more', async () => {
        const subject = await registry.pushImage('delete/image', 'subject');
        const descriptor = {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: subject.digest,
          size: subject.size,
        };
        const image = await registry.pushImage('delete/image', 'v1', { subject: descriptor });
        expect((await send('DELETE', `/v2/delete/image/manifests/${image.digest}`)).status).toBe(202);
        for (const reference of ['v1', image.digest])
          expect((await get(`/v2/delete/image/manifests/${reference}`)).status).toBe(404);
        expect(await (await get('/v2/delete/image/tags/list')).json()).toEqual({
          name: 'delete/image',
          tags: ['subject'],
        });
        expect(await (await get(`/v2/delete/image/referrers/${subject.digest}`)).json()).toMatchObject({
          manifests: [],
        });
        expect((await send('DELETE', `/v2/delete/image/manifests/${image.digest}`)).status).toBe(404);
      });

      test('Deleting Blobs (end-10): 202 and gone from this repository, not from others', async () => {
        const digest = await registry.putBlob('delete/blob', 'shared');
        await registry.putBlob('delete/keeps', 'shared');
        expect((await send('DELETE', `/v2/delete/blob/blobs/${digest}`)).status).toBe(202);
        expect((await get(`/v2/delete/blob/blobs/${digest}`)).status).toBe(404);
        expect(await (await get(`/v2/delete/keeps/blobs/${digest}`)).text()).toBe('shared');
        const again = await send('DELETE', `/v2/delete/blob/blobs/${digest}`);
        expect([again.status, await errorCode(again)]).toEqual([404, 'BLOB_UNKNOWN']);
      });
    });

    describe('Error Codes', () => {
      test('NAME_INVALID for names outside the grammar or over 255 characters', async () => {
        for (const name of ['Upper', 'a//b', '-a', 'a/_b', `${'a'.repeat(255)}b`, 'a..b', '%2e%2e%2fetc']) {
          const response = await get(`/v2/${name}/tags/list`);
          expect([name, response.status, await errorCode(response)]).toEqual([name, 400, 'NAME_INVALID']);
        }
        expect((await get(`/v2/${'a'.repeat(255)}/tags/list`)).status).toBe(404);
      });

      test('UNSUPPORTED with Allow for methods a path does not have; 404 for other paths', async () => {
        const response = await send('POST', '/v2/a/manifests/v1', 'x');
        expect([response.status, await errorCode(response)]).toEqual([405, 'UNSUPPORTED']);
        expect(response.headers.get('allow')).toBe('GET, HEAD, PUT, DELETE');
        for (const path of ['/v2/a', '/v2/a/tags/other', '/v1/', '/v2/a/b']) expect((await get(path)).status).toBe(404);
      });

      test('a tag outside the grammar is refused, a name that holds the API’s own words is not', async () => {
        const image = await registry.pushImage('blobs/manifests/tags', 'v1');
        expect((await get(`/v2/blobs/manifests/tags/manifests/${image.digest}`)).status).toBe(200);
        const response = await send('PUT', `/v2/a/manifests/-bad`, image.text);
        expect([response.status, await errorCode(response)]).toEqual([400, 'TAG_INVALID']);
      });
    });
  });
}
