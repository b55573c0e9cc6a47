import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { errorCode, sha256, sha512 } from '../registry.fake.ts';
import { specSuite } from './spec.suite.ts';

specSuite('Push: blobs', ({ get, registry, send, start }) => {
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
      expect([range, response.status, response.headers.get('range')]).toEqual([range, 416, '0-2']);
    }
    expect((await send('PATCH', location, 'def', { 'Content-Range': '3-5' })).status).toBe(202);
    expect((await send('PUT', `${location}?digest=${sha256('abcdef')}`)).status).toBe(201);
  });

  test('Pushing a blob in chunks (end-5, end-6): the first chunk begins with 0, and the last one, with PUT, where the upload ends', async () => {
    const location = await start('push/chunks');
    expect((await send('PATCH', location, 'abc', { 'Content-Range': '3-5' })).status).toBe(416);
    expect((await send('PATCH', location, 'abc', { 'Content-Range': '0-2' })).status).toBe(202);
    const path = `${location}?digest=${sha256('abcdef')}`;
    for (const range of ['0-2', '4-6']) {
      const wrong = await send('PUT', path, 'def', { 'Content-Range': range });
      expect([wrong.status, wrong.headers.get('range'), wrong.headers.get('location')]).toEqual([416, '0-2', location]);
    }
    expect((await send('PUT', path, 'def', { 'Content-Range': '3-5' })).status).toBe(201);
  });

  test('POST then PUT (end-4a): the location holds an id of its own for each upload', async () => {
    const locations = await Promise.all([1, 2, 3].map(async () => await start('push/ids')));
    expect(new Set(locations).size).toBe(3);
    for (const location of locations) expect(location).toMatch(/\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test('Pushing blobs: the same content by several clients at once, in one repository and in others, is there whole for each', async () => {
    const content = randomBytes(300_000);
    const digest = sha256(content);
    const names = Array.from({ length: 12 }, (_, lane) => `push/same-${lane % 3}`);
    const pushes = names.map(async (name, lane) => {
      if (lane % 2 === 0) return (await send('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, content)).status;
      const location = await start(name);
      await send('PATCH', location, content.subarray(0, 100_000));
      await send('PATCH', location, content.subarray(100_000));
      return (await send('PUT', `${location}?digest=${digest}`)).status;
    });
    expect(await Promise.all(pushes)).toEqual(names.map(() => 201));
    for (const name of new Set(names))
      expect(sha256(new Uint8Array(await (await get(`/v2/${name}/blobs/${digest}`)).arrayBuffer()))).toBe(digest);
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

  test('Cancel a blob upload (end-14): DELETE answers 204 and the upload is gone', async () => {
    const location = await start('push/blob');
    await send('PATCH', location, 'bytes');
    expect((await send('DELETE', location)).status).toBe(204);
    expect((await get(location)).status).toBe(404);
  });

  test('Mounting a blob from another repository (end-11): 201 when it is there, an upload when it is not', async () => {
    const digest = await registry.putBlob('mount/from', 'to mount');
    const mounted = await send('POST', `/v2/mount/to/blobs/uploads/?mount=${digest}&from=mount/from`);
    expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/mount/to/blobs/${digest}`]);
    expect(mounted.headers.get('docker-content-digest')).toBe(digest);
    expect(await (await get(`/v2/mount/to/blobs/${digest}`)).text()).toBe('to mount');
    for (const query of [
      `mount=${sha256('no')}&from=mount/from`,
      `mount=${digest}&from=mount/none`,
      `mount=${digest}`,
      `mount=${digest}&from=Not..A..Name`,
      'mount=nonsense&from=mount/from',
    ]) {
      const fallback = await send('POST', `/v2/mount/third/blobs/uploads/?${query}`);
      expect(fallback.status).toBe(202);
      expect((await get(fallback.headers.get('location') ?? '')).status).toBe(204);
    }
    expect((await send('HEAD', `/v2/mount/third/blobs/${digest}`)).status).toBe(404);
  });
});
