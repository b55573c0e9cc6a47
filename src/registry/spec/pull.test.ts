import { expect, test } from 'bun:test';
import { errorCode, sha256 } from '../registry.fake.ts';
import { specSuite } from './spec.suite.ts';

specSuite('Pull', ({ get, registry, send }) => {
  test('Determining Support (end-1): GET /v2/ answers 200', async () => {
    const response = await get('/v2/');
    expect(response.status).toBe(200);
    expect(response.headers.get('docker-distribution-api-version')).toBe('registry/2.0');
  });

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

  test('Pulling blobs (end-2): If-Range with the ETag keeps the range, with another one the whole comes', async () => {
    const digest = await registry.putBlob('pull/blob', '0123456789');
    const path = `/v2/pull/blob/blobs/${digest}`;
    const etag = (await get(path)).headers.get('etag') ?? '';
    for (const [condition, status, text] of [
      [etag, 206, '234'],
      ['"other"', 200, '0123456789'],
      [`W/${etag}`, 200, '0123456789'],
    ] as const) {
      const response = await get(path, { Range: 'bytes=2-4', 'If-Range': condition });
      expect([response.status, await response.text()]).toEqual([status, text]);
    }
  });

  test('Pulling blobs (end-2): If-None-Match takes a list, weak tags and the star, on GET and HEAD', async () => {
    const digest = await registry.putBlob('pull/blob', 'cached');
    for (const condition of [`"x", "${digest}"`, `W/"${digest}"`, '*'])
      for (const method of ['GET', 'HEAD'])
        expect(
          (await send(method, `/v2/pull/blob/blobs/${digest}`, undefined, { 'If-None-Match': condition })).status,
        ).toBe(304);
  });

  test('Checking if content exists: HEAD answers as GET does, without a body, on every path that is read', async () => {
    const image = await registry.pushImage('pull/head', 'v1');
    const paths = ['/v2/', '/v2/_catalog', '/v2/pull/head/tags/list', `/v2/pull/head/referrers/${image.digest}`];
    for (const path of [
      ...paths,
      '/v2/pull/head/manifests/v1',
      `/v2/pull/head/blobs/${image.layer}`,
      '/v2/pull/head/manifests/none',
    ]) {
      const [whole, head] = [await get(path), await send('HEAD', path)];
      expect([path, head.status, await head.text()]).toEqual([path, whole.status, '']);
      expect(head.headers.get('content-type')).toBe(whole.headers.get('content-type'));
      expect(Number(head.headers.get('content-length'))).toBe((await whole.arrayBuffer()).byteLength);
    }
  });

  test('Pulling manifests (end-3): a repository that is not there is 404', async () => {
    const response = await get('/v2/pull/nowhere/manifests/v1');
    expect([response.status, await errorCode(response)]).toEqual([404, 'MANIFEST_UNKNOWN']);
  });

  test('Pulling blobs (end-2): an empty blob is served', async () => {
    const digest = await registry.putBlob('pull/blob', '');
    const response = await get(`/v2/pull/blob/blobs/${digest}`);
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});
