import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, sha256, startTestRegistry, type TestRegistry } from '../registry.fake.ts';

const folder = mkdtempSync(join(tmpdir(), 'skiff-proxy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function count(upstream: TestRegistry, text: string): number {
  return upstream.lines.filter((line) => line.includes(text)).length;
}

const startCache = async (upstream: string, more = ''): Promise<TestRegistry> =>
  await startTestRegistry({ config: `proxy: { remoteurl: "${upstream}"${more} }` });

test('content comes from the upstream once and from the cache then, also when the upstream is gone', async () => {
  const upstream = await startTestRegistry();
  const image = await upstream.pushImage('team/app', 'v1');
  await using cache = await startCache(upstream.url);
  const read = async (path: string): Promise<string> =>
    sha256(new Uint8Array(await (await cache.fetch(path)).arrayBuffer()));
  for (let turn = 0; turn < 2; turn++) {
    expect(await read('/v2/team/app/manifests/v1')).toBe(image.digest);
    expect(await read(`/v2/team/app/blobs/${image.layer}`)).toBe(image.layer);
  }
  expect([
    count(upstream, `GET http.request.uri=/v2/team/app/blobs/${image.layer}`),
    count(upstream, `GET http.request.uri=/v2/team/app/manifests/${image.digest}`),
  ]).toEqual([1, 1]);
  await upstream.running.stop();
  for (const reference of ['v1', image.digest])
    expect(await read(`/v2/team/app/manifests/${reference}`)).toBe(image.digest);
  expect(await read(`/v2/team/app/blobs/${image.layer}`)).toBe(image.layer);
  const other = await cache.fetch(`/v2/team/app/blobs/${image.config}`);
  expect([other.status, await errorCode(other)]).toEqual([503, 'UNAVAILABLE']);
});

test('a tag that moves upstream moves here, one that is gone is 404, and requests at once share one download', async () => {
  await using upstream = await startTestRegistry();
  await using cache = await startCache(upstream.url);
  await upstream.pushImage('a', 'v1');
  await cache.fetch('/v2/a/manifests/v1');
  const moved = await upstream.pushImage('a', 'v1');
  expect((await cache.fetch('/v2/a/manifests/v1')).headers.get('docker-content-digest')).toBe(moved.digest);
  const answers = await Promise.all(
    Array.from({ length: 8 }, async () => (await cache.fetch(`/v2/a/blobs/${moved.layer}`)).status),
  );
  expect(answers).toEqual(Array.from({ length: 8 }, () => 200));
  expect(count(upstream, `GET http.request.uri=/v2/a/blobs/${moved.layer}`)).toBe(1);
  await upstream.fetch('/v2/a/manifests/v1', { method: 'DELETE' });
  const gone = await cache.fetch('/v2/a/manifests/v1');
  expect([gone.status, await errorCode(gone)]).toEqual([404, 'MANIFEST_UNKNOWN']);
  expect((await cache.fetch(`/v2/a/blobs/${sha256('nowhere')}`)).status).toBe(404);
});

test('nobody pushes to a cache', async () => {
  await using cache = await startCache('http://127.0.0.1:1');
  const response = await cache.fetch('/v2/a/blobs/uploads/', { method: 'POST' });
  expect([response.status, await errorCode(response)]).toEqual([405, 'UNSUPPORTED']);
});

test('credentials are shown to an upstream that asks for Basic or for a token; without them access is denied', async () => {
  const users = join(folder, 'htpasswd');
  writeFileSync(users, `bot:${Bun.password.hashSync('pw', { algorithm: 'bcrypt', cost: 4 })}\n`);
  for (const anonymous of [false, true]) {
    const config = `auth: { htpasswd: { realm: r, path: "${users}" } }\nskiff: { anonymousread: ${anonymous} }`;
    await using upstream = await startTestRegistry({ config });
    const Authorization = `Basic ${Buffer.from('bot:pw').toString('base64')}`;
    const path = `/v2/a/blobs/uploads/?digest=${sha256('content')}`;
    expect((await upstream.fetch(path, { method: 'POST', body: 'content', headers: { Authorization } })).status).toBe(
      201,
    );
    await using user = await startCache(upstream.url, ', username: bot, password: pw');
    expect(await (await user.fetch(`/v2/a/blobs/${sha256('content')}`)).text()).toBe('content');
    await using stranger = await startCache(upstream.url, ', username: bot, password: wrong');
    expect((await stranger.fetch(`/v2/a/blobs/${sha256('content')}`)).status).toBe(anonymous ? 200 : 403);
  }
});

test('content with another digest than asked for is not kept and not served', async () => {
  using upstream = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('something else') });
  await using cache = await startCache(`http://127.0.0.1:${upstream.port}`);
  for (const kind of ['blobs', 'manifests']) {
    const response = await cache.fetch(`/v2/a/${kind}/${sha256('wanted')}`);
    expect(response.status).toBe(503);
    expect(await response.text()).not.toContain('something else');
  }
});

test('a redirect is followed without the credentials', async () => {
  const seen: (string | null)[] = [];
  using storage = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      seen.push(request.headers.get('authorization'));
      return new Response('content');
    },
  });
  using upstream = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) =>
      request.headers.has('authorization')
        ? Response.redirect(`http://127.0.0.1:${storage.port}/signed`, 307)
        : new Response(null, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="r"' } }),
  });
  await using cache = await startCache(`http://127.0.0.1:${upstream.port}`, ', username: u, password: p');
  expect(await (await cache.fetch(`/v2/a/blobs/${sha256('content')}`)).text()).toBe('content');
  expect(seen).toEqual([null]);
});
