import { afterEach, beforeEach, expect, test } from 'bun:test';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { runCommand } from '../helpers/docker-cli.ts';
import { type RegistryProcess, startRegistryProcess } from './serve.ts';

const PROGRAM = resolve(import.meta.dirname, '../../bin/registry');
let registry: RegistryProcess;
beforeEach(async () => {
  registry = await startRegistryProcess();
});
afterEach(async () => await registry[Symbol.asyncDispose]());

async function program(...args: readonly string[]): ReturnType<typeof runCommand> {
  return await runCommand([PROGRAM, ...args]);
}

function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function putBlob(): Promise<string> {
  const bytes = randomBytes(1000);
  const path = `/v2/a/blobs/uploads/?digest=${sha256(bytes)}`;
  expect((await fetch(registry.url + path, { method: 'POST', body: bytes })).status).toBe(201);
  return sha256(bytes);
}

/** An image of one blob of 1000 bytes. */
async function pushImage(tag: string): Promise<{ readonly digest: string; readonly blob: string }> {
  const blob = await putBlob();
  const body = JSON.stringify({ schemaVersion: 2, config: { mediaType: 'x', digest: blob, size: 1000 }, layers: [] });
  expect((await fetch(`${registry.url}/v2/a/manifests/${tag}`, { method: 'PUT', body })).status).toBe(201);
  return { digest: sha256(body), blob };
}

async function statusOf(...paths: readonly string[]): Promise<readonly number[]> {
  return await Promise.all(paths.map(async (path) => (await fetch(`${registry.url}/v2/a/${path}`)).status));
}

test('garbage-collect removes what no manifest leads to, tells it, and leaves the rest', async () => {
  const kept = await pushImage('kept');
  const [orphan, moved] = [await putBlob(), await pushImage('kept2')];
  await pushImage('kept2');
  await registry.stop();
  const config = join(registry.root, 'config.yml');
  writeFileSync(config, `storage: { filesystem: { rootdirectory: "${registry.root}/data" } }\n`);

  const dry = await program('garbage-collect', '--dry-run', config);
  expect(dry).toEqual({
    exitCode: 0,
    stdout: `link a@${orphan} eligible for deletion\nblob ${orphan} eligible for deletion\n0 manifests, 1 links of repositories, 1 blobs (1.0 kB) eligible for deletion\n`,
    stderr: '',
  });
  const untagged = await program('garbage-collect', '-d', '-m', '-q', config);
  expect(untagged.stdout).toMatch(
    /^1 manifests, 2 links of repositories, 3 blobs \(2\.\d kB\) eligible for deletion\n$/,
  );
  await registry.start();
  expect(await statusOf(`blobs/${orphan}`, `manifests/${moved.digest}`, 'manifests/kept')).toEqual([200, 200, 200]);
  await registry.stop();

  expect((await program('garbage-collect', '-m', '--root', `${registry.root}/data`)).stdout).toContain(
    `manifest a@${moved.digest} deleted\n`,
  );
  await registry.start();
  const gone = [`blobs/${orphan}`, `manifests/${moved.digest}`, `blobs/${moved.blob}`];
  expect(await statusOf(...gone)).toEqual([404, 404, 404]);
  expect(await statusOf('manifests/kept', 'manifests/kept2', `blobs/${kept.blob}`)).toEqual([200, 200, 200]);
});

test('a root is used by one process: a collection or a second server beside a running one is refused, also after SIGKILL it is free', async () => {
  const root = `${registry.root}/data`;
  for (const words of [
    ['garbage-collect', '--root', root],
    ['serve', '--addr', '127.0.0.1:0', '--root', root],
  ])
    expect(await program(...words)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `registry: ${root} is served by another process\n`,
    });
  const image = await pushImage('v1');
  await registry.kill9();
  expect((await program('garbage-collect', '--root', root)).exitCode).toBe(0);
  await registry.start();
  expect(await statusOf('manifests/v1', `blobs/${image.blob}`)).toEqual([200, 200]);
});

test('--version and --help print and end with 0; unknown words and keys end with 1 and say which', async () => {
  expect((await program('--version')).stdout).toBe(`registry skiff ${manifest.version}\n`);
  expect((await program('serve', '--help')).stdout).toStartWith('Usage: registry serve');
  expect(await program('start')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'registry: unknown command start\nUsage: registry COMMAND\n',
  });
  const config = join(registry.root, 'config.yml');
  writeFileSync(config, 'http: { adr: ":5000" }\n');
  expect((await program('serve', config)).stderr).toBe('registry: http.adr is not supported\n');
  writeFileSync(config, 'storage: { inmemory: {} }\n');
  expect((await program('garbage-collect', config)).stderr).toContain('in memory');
});
