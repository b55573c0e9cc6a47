import { afterAll, beforeAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { putImage } from '../../test/fixtures/image-engine.ts';
import { smallImage } from '../../test/fixtures/images.ts';
import { type LocalRegistry, startFront, startRegistry } from '../../test/fixtures/registry.ts';
import { parseDigest } from '../oci/digest.ts';
import { createHostRegistryClient } from './registry-client.host.ts';

const signal = new AbortController().signal;
const certsDir = mkdtempSync(join(tmpdir(), 'skiff-certs-'));
let near: LocalRegistry;
let far: LocalRegistry;
let digests: Readonly<Record<string, string>>;

beforeAll(async () => {
  [near, far] = await Promise.all([startRegistry(), startRegistry()]);
  const [one, two] = [smallImage({ text: 'near' }), smallImage({ text: 'far' })];
  digests = {
    near: (await putImage(near, 'library/both', '1', one)).digest,
    far: (await putImage(far, 'library/both', '1', two)).digest,
    only: (await putImage(far, 'library/only', '1', two)).digest,
  };
});
afterAll(async () => {
  rmSync(certsDir, { recursive: true });
  for (const registry of [near, far]) await registry[Symbol.asyncDispose]();
});

function configure(registry: string, files: Readonly<Record<string, string>>): void {
  rmSync(join(certsDir, registry), { recursive: true, force: true });
  mkdirSync(join(certsDir, registry));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(certsDir, registry, name), text);
}

async function digestOf(registry: string, path: string, mirrors: readonly string[] = []): Promise<string> {
  const client = createHostRegistryClient({ insecureRegistries: [], certsDir, mirrors });
  const credentials = { username: 'ann', password: 'hub-secret' };
  return (await client.repository({ registry, path }, credentials).manifest('1', { signal })).digest;
}

test('Docker Hub’s mirrors are asked first, in order, without its credentials', async () => {
  await using front = startFront(near, { kind: 'bearer' });
  const mirrors = ['http://127.0.0.1:1', `http://${front.host}/`];
  expect(await digestOf('docker.io', 'library/both', mirrors)).toBe(digests['near'] ?? '');
  expect(front.seen.length).toBe(1);
  expect(front.seen.join()).not.toContain(Buffer.from('ann:hub-secret').toString('base64'));
});

test('hosts.toml: mirrors for any registry, in order; what they lack comes from the server', async () => {
  configure('some.example', {
    'hosts.toml': `server = "http://${far.host}"\n[host."http://127.0.0.1:1"]\n[host."http://${near.host}"]\ncapabilities = ["pull", "resolve"]\n`,
  });
  expect(await digestOf('some.example', 'library/both')).toBe(digests['near'] ?? '');
  expect(await digestOf('some.example', 'library/only')).toBe(digests['only'] ?? '');
  configure('some.example', {
    'hosts.toml': `server = "http://${far.host}"\n[host."http://${near.host}"]\ncapabilities = ["pull"]\n`,
  });
  expect(await digestOf('some.example', 'library/both')).toBe(digests['far'] ?? '');
});

test('hosts.toml: a path instead of /v2, headers and the namespace reach the mirror', async () => {
  const asked: string[] = [];
  using mirror = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      asked.push(`${url.pathname}${url.search} ${request.headers.get('x-team') ?? ''}`);
      const path = url.pathname.replace('/cache/hub', '/v2');
      return await fetch(`http://${near.host}${path}`, { headers: { accept: request.headers.get('accept') ?? '' } });
    },
  });
  const base = `http://127.0.0.1:${mirror.port}/cache/hub`;
  configure('_default', {
    'hosts.toml': `[host."${base}"]\noverride_path = true\n[host."${base}".header]\nx-team = "blue"\n`,
  });
  expect(await digestOf('any.example:5000', 'library/both')).toBe(digests['near'] ?? '');
  expect(asked).toEqual(['/cache/hub/library/both/manifests/1?ns=any.example%3A5000 blue']);
  rmSync(join(certsDir, '_default'), { recursive: true });
});

test('hosts.toml: what is not supported or broken is refused with the file’s name', async () => {
  const broken = [
    ['[host."http://x"]\ndial_timeout = "1s"\n', 'the key dial_timeout is not supported'],
    ['[host."http://user:pw@x"]\n', 'a registry address must not hold a user or a password'],
    ['[host."http://x"]\ncapabilities = ["fly"]\n', 'unknown capability fly'],
    ['ca = "absent.crt"\n', 'absent.crt'],
    ['[host', 'hosts.toml'],
  ] as const;
  for (const [text, reason] of broken) {
    configure('broken.example', { 'hosts.toml': text });
    await expect(digestOf('broken.example', 'library/both')).rejects.toThrow(reason);
  }
});

test('certs.d: a private CA is trusted for its registry, a client certificate is shown to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skiff-ca-'));
  const run = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder });
    if (status !== 0) throw new Error(stderr.toString());
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  run('req', '-x509', ...newKey, '-subj', '/CN=ca', '-keyout', 'ca.key', '-out', 'ca.crt');
  for (const [name, extra] of [
    ['server', 'subjectAltName=IP:127.0.0.1'],
    ['client', 'extendedKeyUsage=clientAuth'],
  ] as const) {
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-addext', extra];
    run('req', '-x509', ...newKey, ...signed, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.cert`);
  }
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  using server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    tls: {
      cert: read('server.cert'),
      key: read('server.key'),
      ca: read('ca.crt'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    fetch: async (request) =>
      await fetch(`http://${near.host}${new URL(request.url).pathname}`, {
        headers: { accept: request.headers.get('accept') ?? '' },
      }),
  });
  const registry = `127.0.0.1:${server.port}`;
  configure(registry, {
    'ca.crt': read('ca.crt'),
    'me.cert': read('client.cert'),
    'me.key': read('client.key'),
  });
  expect(await digestOf(registry, 'library/both')).toBe(digests['near'] ?? '');
  configure(registry, { 'ca.crt': read('ca.crt') });
  await expect(digestOf(registry, 'library/both')).rejects.toMatchObject({ kind: 'unavailable' });
  configure(registry, { 'me.cert': read('client.cert'), 'me.key': read('client.key') });
  await expect(digestOf(registry, 'library/both')).rejects.toThrow(/certificate/);
  configure(registry, { 'me.cert': read('client.cert') });
  await expect(digestOf(registry, 'library/both')).rejects.toThrow('missing key me.key for client certificate me.cert');
  rmSync(folder, { recursive: true });
}, 20_000);

test('hosts.toml: a push goes to the host that may take it, without credentials that are not its own; the path may be written with /v2', async () => {
  await using front = startFront(near, { kind: 'basic', user: { name: 'bob', password: 'mine' } });
  configure('push.example', {
    'hosts.toml': `server = "http://${far.host}/v2"\n[host."http://${front.host}"]\ncapabilities = ["pull", "push"]\n`,
  });
  const client = createHostRegistryClient({ insecureRegistries: [], certsDir });
  const credentials = { username: 'ann', password: 'hub-secret' };
  const push = client.repository({ registry: 'push.example', path: 'a/b' }, credentials, { push: true });
  const manifest = { mediaType: 'x', digest: parseDigest(`sha256:${'0'.repeat(64)}`), bytes: Buffer.from('{}') };
  await expect(push.putManifest('1', manifest, { signal })).rejects.toMatchObject({ kind: 'unauthorized' });
  expect(front.seen.join()).not.toContain(Buffer.from('ann:hub-secret').toString('base64'));
  expect(await digestOf('push.example', 'library/both')).toBe(digests['far'] ?? '');
});

test('hosts.toml: a server that may not pull is not asked, and settings of the wrong kind are refused', async () => {
  configure('none.example', { 'hosts.toml': `server = "http://${far.host}"\ncapabilities = ["push"]\n` });
  await expect(digestOf('none.example', 'library/both')).rejects.toThrow('no host that is configured');
  configure('none.example', { 'hosts.toml': `server = "http://${far.host}"\nskip_verify = "yes"\n` });
  await expect(digestOf('none.example', 'library/both')).rejects.toThrow('skip_verify must be true or false');
});
