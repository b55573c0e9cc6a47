import { expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { startRegistryProcess } from './serve.ts';

const PROGRAM = resolve(import.meta.dirname, '../../bin/registry');

function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** On a connection of its own: one that is kept may be dead since the last SIGKILL. */
async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return await fetch(url, { ...init, keepalive: false });
}

test('an upload goes on after SIGKILL in its middle: the status says what is here, only the rest is sent, the digest is right', async () => {
  await using registry = await startRegistryProcess();
  const content = randomBytes(3_000_000);
  const started = await ask(`${registry.url}/v2/a/blobs/uploads/`, { method: 'POST' });
  const location = started.headers.get('location') ?? '';
  await ask(`${registry.url}${location}`, { method: 'PATCH', body: content.subarray(0, 1_000_000) });

  // A second chunk whose end never comes.
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(registry.url).port) });
  socket.on('error', () => undefined);
  socket.write(`PATCH ${location} HTTP/1.1\r\nHost: ${registry.host}\r\nContent-Length: 2000000\r\n\r\n`);
  socket.write(content.subarray(1_000_000, 1_700_000));
  const size = async (): Promise<number> => {
    const { headers } = await ask(`${registry.url}${location}`);
    return Number(headers.get('range')?.split('-')[1]) + 1;
  };
  while ((await size()) <= 1_000_000) await Bun.sleep(5);
  await registry.kill9();
  socket.destroy();
  await registry.start();

  const here = await size();
  expect(here).toBeGreaterThan(1_000_000);
  expect(here).toBeLessThanOrEqual(1_700_000);
  const rest = await ask(`${registry.url}${location}`, {
    method: 'PATCH',
    body: content.subarray(here),
    headers: { 'Content-Range': `${here}-${content.length - 1}` },
  });
  expect(rest.status).toBe(202);
  const done = await ask(`${registry.url}${location}?digest=${sha256(content)}`, { method: 'PUT' });
  expect(done.status).toBe(201);
  const blob = await ask(`${registry.url}/v2/a/blobs/${sha256(content)}`);
  expect(sha256(new Uint8Array(await blob.arrayBuffer()))).toBe(sha256(content));
});

test('a request that takes over an upload from a dead connection need not wait for it', async () => {
  await using registry = await startRegistryProcess();
  const started = await ask(`${registry.url}/v2/a/blobs/uploads/`, { method: 'POST' });
  const location = started.headers.get('location') ?? '';
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(registry.url).port) });
  socket.on('error', () => undefined);
  socket.write(`PATCH ${location} HTTP/1.1\r\nHost: ${registry.host}\r\nContent-Length: 100\r\n\r\n012345`);
  const range = async (): Promise<string | null> => (await ask(`${registry.url}${location}`)).headers.get('range');
  while ((await range()) !== '0-5') await Bun.sleep(5);
  const next = await ask(`${registry.url}${location}`, {
    method: 'PATCH',
    body: '6789',
    headers: { 'Content-Range': '6-9' },
  });
  expect([next.status, next.headers.get('range')]).toEqual([202, '0-9']);
  const done = await ask(`${registry.url}${location}?digest=${sha256('0123456789')}`, { method: 'PUT' });
  expect(done.status).toBe(201);
  socket.destroy();
});

test('SIGKILL at random moments of pushes: what was answered is there, what is there is whole, and every push can be done again', async () => {
  await using registry = await startRegistryProcess();
  const promised = new Map<string, string>();
  for (let round = 0; round < 12; round++) {
    const pushes = Array.from({ length: 4 }, async (_, lane) => {
      for (let turn = 0; turn < 50; turn++) await pushOne(registry.url, `r${lane}`, `t${round}-${turn}`, promised);
    });
    const settled = Promise.allSettled(pushes);
    await Bun.sleep(20 + Math.random() * 150);
    await registry.kill9();
    await settled;
    await registry.start();
    for (const [path, digest] of promised) {
      const response = await ask(`${registry.url}${path}`);
      expect([path, response.status]).toEqual([path, 200]);
      expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(digest);
    }
    for (const lane of [0, 1, 2, 3]) await checkWhole(registry.url, `r${lane}`);
  }
  expect(promised.size).toBeGreaterThan(20);
  await pushOne(registry.url, 'r0', 'last', promised);
  expect(await registry.stop()).toBe(0);
});

test('SIGKILL among deletions and in a garbage collection: what was deleted stays gone, every tag that is left leads to all of its content', async () => {
  await using registry = await startRegistryProcess();
  const gone = new Set<string>();
  let collections = 0;
  for (let round = 0; round < 6; round++) {
    const promised = new Map<string, string>();
    for (let turn = 0; turn < 12; turn++) await pushOne(registry.url, 'r', `t${round}-${turn}`, promised);
    const manifests = [...promised].filter(([path]) => path.includes('/manifests/'));
    const deletions = manifests.slice(0, 9).map(async ([path, digest], turn) => {
      const byTag = turn % 3 === 0;
      await Bun.sleep(turn * 4);
      const response = await ask(registry.url + (byTag ? path : `/v2/r/manifests/${digest}`), { method: 'DELETE' });
      if (response.status === 202) gone.add(path);
    });
    const settled = Promise.allSettled(deletions);
    const before = gone.size;
    while (gone.size < before + 2) await Bun.sleep(1);
    await Bun.sleep(Math.random() * 30);
    await registry.kill9();
    await settled;

    const collect = ['garbage-collect', '--delete-untagged', '--root', `${registry.root}/data`];
    const cut = Bun.spawn([PROGRAM, ...collect], { stdout: 'pipe', stderr: 'ignore' });
    // The first line tells that the removing has begun.
    const begun = await cut.stdout.getReader().read();
    cut.kill('SIGKILL');
    await cut.exited;
    if (!begun.done) collections++;

    await registry.start();
    for (const path of gone) expect([path, (await ask(registry.url + path)).status]).toEqual([path, 404]);
    await checkWhole(registry.url, 'r');
    for (const [path, digest] of manifests.slice(9)) {
      const response = await ask(`${registry.url}${path}`);
      expect([path, sha256(new Uint8Array(await response.arrayBuffer()))]).toEqual([path, digest]);
    }
  }
  expect([gone.size > 5, collections > 2]).toEqual([true, true]);
  await registry.stop();
  const collected = Bun.spawnSync([PROGRAM, 'garbage-collect', '--delete-untagged', '--root', `${registry.root}/data`]);
  expect(collected.exitCode).toBe(0);
  const again = Bun.spawnSync([PROGRAM, 'garbage-collect', '-d', '-m', '--root', `${registry.root}/data`]);
  expect(again.stdout.toString()).toBe('0 manifests, 0 links of repositories, 0 blobs (0 B) eligible for deletion\n');
  await registry.start();
  await checkWhole(registry.url, 'r');
}, 120_000);

/** Notes in `promised` what the registry has answered for: path -> digest. */
async function pushOne(url: string, name: string, tag: string, promised: Map<string, string>): Promise<void> {
  const bytes = randomBytes(50_000);
  const started = await ask(`${url}/v2/${name}/blobs/uploads/`, { method: 'POST' });
  const done = await ask(`${url}${started.headers.get('location')}?digest=${sha256(bytes)}`, {
    method: 'PUT',
    body: bytes,
  });
  if (done.status !== 201) throw new Error(`blob: ${done.status}`);
  promised.set(`/v2/${name}/blobs/${sha256(bytes)}`, sha256(bytes));
  const layer = { mediaType: 'application/octet-stream', digest: sha256(bytes), size: bytes.length };
  const manifest = JSON.stringify({ schemaVersion: 2, config: layer, layers: [layer] });
  const put = await ask(`${url}/v2/${name}/manifests/${tag}`, { method: 'PUT', body: manifest });
  if (put.status !== 201) throw new Error(`manifest: ${put.status}`);
  promised.set(`/v2/${name}/manifests/${tag}`, sha256(manifest));
}

/** Every tag leads to a manifest whose content is all there. */
async function checkWhole(url: string, name: string): Promise<void> {
  const list = await ask(`${url}/v2/${name}/tags/list`);
  if (list.status === 404) return;
  const { tags } = (await list.json()) as { tags: readonly string[] };
  for (const tag of tags) {
    const response = await ask(`${url}/v2/${name}/manifests/${tag}`);
    expect([tag, response.status]).toEqual([tag, 200]);
    const { layers } = (await response.json()) as { layers: readonly { digest: string }[] };
    for (const { digest } of layers)
      expect((await ask(`${url}/v2/${name}/blobs/${digest}`, { method: 'HEAD' })).status).toBe(200);
  }
}
