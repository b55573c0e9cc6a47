import { expect, test } from 'bun:test';
import { errorCode } from '../registry.fake.ts';
import { specSuite } from './spec.suite.ts';

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
