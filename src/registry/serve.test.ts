import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, imageManifest, OCI_INDEX, OCI_MANIFEST, sha256, startTestRegistry } from './registry.fake.ts';

const folder = mkdtempSync(join(tmpdir(), 'skiff-serve-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('read-only mode serves and refuses every change with 405 UNSUPPORTED', async () => {
  const root = join(folder, 'readonly');
  const image = await (async () => {
    await using writable = await startTestRegistry({ root });
    return await writable.pushImage('a', 'v1');
  })();
  await using registry = await startTestRegistry({ root, storage: 'maintenance: { readonly: { enabled: true } }' });
  expect(await (await registry.fetch('/v2/a/manifests/v1')).text()).toBe(image.text);
  for (const [method, path] of [
    ['POST', '/v2/a/blobs/uploads/'],
    ['PUT', '/v2/a/manifests/v2'],
    ['DELETE', '/v2/a/manifests/v1'],
    ['DELETE', `/v2/a/blobs/${image.layer}`],
  ] as const) {
    const response = await registry.fetch(path, { method });
    expect([path, response.status, await errorCode(response)]).toEqual([path, 405, 'UNSUPPORTED']);
  }
});

test('without storage.delete.enabled nothing is deleted: 405 UNSUPPORTED', async () => {
  await using registry = await startTestRegistry({ storage: 'delete: { enabled: false }' });
  const image = await registry.pushImage('a', 'v1');
  for (const path of ['/v2/a/manifests/v1', `/v2/a/manifests/${image.digest}`, `/v2/a/blobs/${image.layer}`])
    expect((await registry.fetch(path, { method: 'DELETE' })).status).toBe(405);
  expect((await registry.fetch('/v2/a/manifests/v1')).status).toBe(200);
});

test('more transfers at once than the limit are answered 429 with Retry-After, and there is room again afterwards', async () => {
  await using registry = await startTestRegistry({ config: 'skiff: { limits: { uploads: 2 } }' });
  const { hostname, port } = new URL(registry.url);
  const begin = async (): Promise<string> =>
    (await registry.fetch('/v2/a/blobs/uploads/', { method: 'POST' })).headers.get('location') ?? '';
  const sockets = [];
  for (const location of [await begin(), await begin()]) {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(`PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345`);
    while ((await registry.fetch(location)).headers.get('range') !== '0-4') await Bun.sleep(2);
    sockets.push(socket);
  }
  const third = await begin();
  const refused = await registry.fetch(third, { method: 'PATCH', body: 'x' });
  expect([refused.status, refused.headers.get('retry-after'), await errorCode(refused)]).toEqual([
    429,
    '5',
    'TOOMANYREQUESTS',
  ]);
  for (const socket of sockets) socket.destroy();
  while ((await registry.fetch(third, { method: 'PATCH', body: 'x' })).status !== 202) await Bun.sleep(2);
});

test('a name or manifest over the configured limits is refused', async () => {
  await using registry = await startTestRegistry({ config: 'skiff: { limits: { manifest: 1KiB, namelength: 10 } }' });
  expect((await registry.fetch('/v2/a2345678901/tags/list')).status).toBe(400);
  const large = await registry.fetch('/v2/a/manifests/v1', { method: 'PUT', body: ' '.repeat(1025) });
  expect([large.status, await errorCode(large)]).toEqual([413, 'MANIFEST_INVALID']);
});

test('http.prefix and http.host: the API is below the prefix alone, and every Location and Link begins with both', async () => {
  await using registry = await startTestRegistry({ http: 'prefix: /hub/, host: "https://images.example"' });
  expect((await registry.fetch('/v2/')).status).toBe(404);
  expect((await registry.fetch('/hub/v2/')).status).toBe(200);
  const started = await registry.fetch('/hub/v2/a/blobs/uploads/', { method: 'POST' });
  expect(started.headers.get('location')).toStartWith('https://images.example/hub/v2/a/blobs/uploads/');
});

test('http.headers are on every answer, also on errors', async () => {
  await using registry = await startTestRegistry({ http: 'headers: { X-Frame-Options: [DENY], X-Two: [a, b] }' });
  for (const path of ['/v2/', '/v2/none/tags/list', '/nothing']) {
    const { headers } = await registry.fetch(path);
    expect([headers.get('x-frame-options'), headers.get('x-two')]).toEqual(['DENY', 'a, b']);
  }
});

test('with http.debug.addr metrics and health are there and not with the API; without, they are', async () => {
  await using apart = await startTestRegistry({ http: 'debug: { addr: "127.0.0.1:0", prometheus: { path: /prom } }' });
  expect((await apart.fetch('/prom')).status).toBe(404);
  const debug = `http://${apart.running.debugAddress}`;
  expect((await fetch(`${debug}/prom`)).status).toBe(200);
  expect((await fetch(`${debug}/debug/health`)).status).toBe(200);
  expect((await fetch(`${debug}/v2/`)).status).toBe(404);
  await using together = await startTestRegistry();
  await together.pushImage('a', 'v1');
  const metrics = await (await together.fetch('/metrics')).text();
  expect(metrics).toContain('registry_http_requests_total{route="manifest",method="PUT",status="201"} 1\n');
  expect(metrics).toContain('registry_http_request_duration_seconds_count{route="manifest",method="PUT"} 1\n');
  expect(await (await together.fetch('/healthz')).json()).toEqual({});
});

test('/healthz is 503 with the reason when the storage cannot be written', async () => {
  const root = join(folder, 'sick');
  await using registry = await startTestRegistry({ root });
  rmSync(root, { recursive: true });
  await Bun.write(root, 'a file where the folder was');
  const response = await registry.fetch('/healthz');
  expect(response.status).toBe(503);
  expect(await response.json()).toHaveProperty('storagedriver');
});

test('a failure of the storage is 500 UNKNOWN without its text, which is in the log', async () => {
  const root = join(folder, 'broken');
  await using registry = await startTestRegistry({ root });
  await Bun.write(join(root, 'docker/registry/v2/repositories/a/_uploads'), 'a file');
  const response = await registry.fetch('/v2/a/blobs/uploads/', { method: 'POST' });
  expect(response.status).toBe(500);
  expect(await response.text()).toBe('{"errors":[{"code":"UNKNOWN","message":"unknown error"}]}');
  expect(registry.lines.find((line) => line.includes('level=error'))).toContain(root);
});

test('a line of log for each request, one line whatever the client sends', async () => {
  await using registry = await startTestRegistry();
  await registry.fetch('/v2/a%0Alevel=error/tags/list', { headers: { 'User-Agent': 'x" level=error' } });
  const line = registry.lines.at(-1) ?? '';
  expect(line).toContain('level=info msg="response completed"');
  expect(line).toContain('http.request.useragent="x\\" level=error"');
  expect(line).toContain('err.code=NAME_INVALID');
  expect(line.indexOf('\n')).toBe(line.length - 1);
});

test('validation.manifests.indexes: entries of other platforms need not be here', async () => {
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: ['amd64', 'arm64'].map((architecture) => ({
      mediaType: OCI_MANIFEST,
      digest: sha256(architecture),
      size: 1,
      platform: { os: 'linux', architecture },
    })),
  };
  const answers: number[] = [];
  for (const setting of [
    'platforms: all',
    'platforms: none',
    'platforms: list, platformlist: [linux/s390x]',
    'platforms: list, platformlist: [linux/arm64]',
  ]) {
    await using registry = await startTestRegistry({
      config: `validation: { manifests: { indexes: { ${setting} } } }`,
    });
    answers.push((await registry.putManifest('a', 'v1', index, OCI_INDEX)).status);
  }
  expect(answers).toEqual([404, 201, 201, 404]);
});

test('a restart forgets nothing: manifests, tags, referrers, uploads', async () => {
  const root = join(folder, 'restart');
  let location = '';
  let subject = '';
  {
    await using registry = await startTestRegistry({ root });
    const image = await registry.pushImage('a', 'v1');
    subject = image.digest;
    await registry.pushImage('a', 'sig', {
      subject: { mediaType: OCI_MANIFEST, digest: image.digest, size: image.size },
    });
    location = (await registry.fetch('/v2/a/blobs/uploads/', { method: 'POST' })).headers.get('location') ?? '';
    await registry.fetch(location, { method: 'PATCH', body: 'first ' });
  }
  await using registry = await startTestRegistry({ root });
  expect(await (await registry.fetch('/v2/a/tags/list')).json()).toEqual({ name: 'a', tags: ['sig', 'v1'] });
  const referrers = (await (await registry.fetch(`/v2/a/referrers/${subject}`)).json()) as { manifests: unknown[] };
  expect(referrers.manifests).toHaveLength(1);
  expect((await registry.fetch(location)).headers.get('range')).toBe('0-5');
  const done = await registry.fetch(`${location}?digest=${sha256('first second')}`, { method: 'PUT', body: 'second' });
  expect(done.status).toBe(201);
});

test('a unix socket', async () => {
  const socket = join(folder, 's');
  await using registry = await startTestRegistry({ http: `net: unix`, addr: socket });
  expect(registry.running.address).toBe(socket);
  expect((await fetch('http://x/v2/', { unix: socket })).status).toBe(200);
});

test('TLS: a client with the CA is served, one without is not, and with clientcas one without certificate is not', async () => {
  const key = join(folder, 'tls.key');
  const certificate = join(folder, 'tls.pem');
  const made = Bun.spawnSync([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=127.0.0.1',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  expect(made.exitCode).toBe(0);
  const ca = await Bun.file(certificate).text();
  const works = async (address: string, tls: object): Promise<boolean> =>
    await fetch(`https://${address}/v2/`, { tls, keepalive: false }).then(
      ({ ok }) => ok,
      () => false,
    );
  await using registry = await startTestRegistry({ http: `tls: { certificate: ${certificate}, key: ${key} }` });
  const { address } = registry.running;
  expect([await works(address, { ca }), await works(address, {})]).toEqual([true, false]);
  await using strict = await startTestRegistry({
    http: `tls: { certificate: ${certificate}, key: ${key}, clientcas: [${certificate}] }`,
  });
  const client = { ca, cert: ca, key: await Bun.file(key).text() };
  expect([await works(strict.running.address, client), await works(strict.running.address, { ca })]).toEqual([
    true,
    false,
  ]);
});

test('an image pushed under an index stays whole when its manifest is named by sha512', async () => {
  await using registry = await startTestRegistry();
  const config = await registry.putBlob('a', '{}');
  const text = JSON.stringify(imageManifest({ digest: config, size: 2 }, []));
  const digest = `sha512:${new Bun.CryptoHasher('sha512').update(text).digest('hex')}`;
  const put = await registry.fetch(`/v2/a/manifests/${digest}`, { method: 'PUT', body: text });
  expect([put.status, await (await registry.fetch(`/v2/a/manifests/${digest}`)).text()]).toEqual([201, text]);
  const entry = { mediaType: OCI_MANIFEST, digest, size: text.length };
  expect(
    (await registry.putManifest('a', 'all', { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [entry] }, OCI_INDEX))
      .status,
  ).toBe(201);
});
