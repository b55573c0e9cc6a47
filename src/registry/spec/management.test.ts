import { expect, test } from 'bun:test';
import { errorCode, sha256, startTestRegistry } from '../registry.fake.ts';
import { specSuite } from './spec.suite.ts';

/** Spec, "Error Codes". */
const CODES: readonly string[] =
  'BLOB_UNKNOWN BLOB_UPLOAD_INVALID BLOB_UPLOAD_UNKNOWN DIGEST_INVALID MANIFEST_BLOB_UNKNOWN MANIFEST_INVALID MANIFEST_UNKNOWN NAME_INVALID NAME_UNKNOWN SIZE_INVALID UNAUTHORIZED DENIED UNSUPPORTED TOOMANYREQUESTS'.split(
    ' ',
  );

specSuite('Content Management, Error Codes', ({ get, registry, send }) => {
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

  test('Deleting Manifests, Deleting Blobs (end-9, end-10): 404 in a repository that is not there', async () => {
    const digest = sha256('nothing');
    for (const path of [`manifests/${digest}`, 'manifests/v1', `blobs/${digest}`])
      expect((await send('DELETE', `/v2/delete/none/${path}`)).status).toBe(404);
  });

  test('Deleting tags, Deleting Manifests, Deleting Blobs: 405 where deletion is disabled, and nothing is gone', async () => {
    await using strict = await startTestRegistry({ storage: 'delete: { enabled: false }' });
    const image = await strict.pushImage('a', 'v1');
    for (const path of ['manifests/v1', `manifests/${image.digest}`, `blobs/${image.layer}`]) {
      const response = await strict.fetch(`/v2/a/${path}`, { method: 'DELETE' });
      expect([response.status, await errorCode(response)]).toEqual([405, 'UNSUPPORTED']);
      expect((await strict.fetch(`/v2/a/${path}`)).status).toBe(200);
    }
  });

  test('Error Codes: a refusal is JSON with a list of errors, each with a code of the spec', async () => {
    const digest = sha256('none');
    const upload = '/v2/err/a/blobs/uploads/';
    const location = (await send('POST', upload)).headers.get('location') ?? '';
    const cases: readonly (readonly [string, string, string?, Record<string, string>?])[] = [
      ['GET', '/v2/Bad/tags/list'],
      ['GET', '/v2/err/none/tags/list'],
      ['GET', '/v2/err/a/tags/list?n=x'],
      ['GET', '/v2/_catalog?n=x'],
      ['GET', `/v2/err/a/blobs/${digest}`],
      ['GET', '/v2/err/a/blobs/sha256:1'],
      ['GET', '/v2/err/a/manifests/none'],
      ['GET', '/v2/err/a/referrers/none'],
      ['GET', `${upload}none`],
      ['POST', '/v2/err/a/manifests/v1', 'x'],
      ['POST', `${upload}?digest=md5:1`],
      ['POST', `${upload}?digest=${digest}`, 'other'],
      ['PATCH', location, 'abc', { 'Content-Range': '7-9' }],
      ['PATCH', location, 'abc', { 'Content-Range': '0-9' }],
      ['PUT', location, 'abc'],
      ['PUT', '/v2/err/a/manifests/.bad', '{}'],
      ['PUT', '/v2/err/a/manifests/v1', '{}'],
      ['PUT', '/v2/err/a/manifests/v1', ' '.repeat(4 * 1024 * 1024 + 1)],
    ];
    for (const [method, path, body, headers] of cases) {
      const response = await send(method, path, body, headers);
      expect([path, response.status >= 400 && response.status < 500]).toEqual([path, true]);
      expect([path, response.headers.get('content-type')]).toEqual([path, 'application/json']);
      const { errors } = (await response.json()) as { errors: readonly { code: string; message: string }[] };
      for (const { code, message } of errors)
        expect([path, CODES.includes(code), typeof message]).toEqual([path, true, 'string']);
      expect(errors.length).toBeGreaterThan(0);
    }
  });

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
    expect([response.status, await errorCode(response)]).toEqual([400, 'MANIFEST_INVALID']);
  });
});
