import { afterAll, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { putImage } from '../../fixtures/image-engine.ts';
import { smallImage } from '../../fixtures/images.ts';
import type { Step } from '../../fixtures/manifest-scenario.ts';
import { playManifests } from '../../fixtures/manifest-scenario.ts';
import { startFront, startRegistry, writeTo } from '../../fixtures/registry.ts';
import { findDockerCli, runCommand } from '../../helpers/docker-cli.ts';
import { startRegistryProcess } from '../../registry/serve.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
const GOLDEN = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/cli/manifest.golden.json'), 'utf8'),
) as readonly Step[];
const folder = mkdtempSync(join(tmpdir(), 'skiff-manifest-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function manifest(docker: string, config: string, ...words: readonly string[]) {
  return await runCommand([docker, '--config', config, 'manifest', ...words], {
    env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
  });
}

describe('docker manifest prints, pushes and ends as docker 28.2 does', () => {
  test("with Debian's registry", async () => {
    await using registry = await startRegistry();
    for (const [index, step] of (await playManifests(OURS, registry)).entries())
      expect(step).toEqual(GOLDEN[index] ?? step);
  });

  test('with our registry', async () => {
    await using registry = await startRegistryProcess();
    const played = await playManifests(OURS, writeTo(registry.host));
    expect(played.length).toBe(GOLDEN.length);
    for (const [index, step] of played.entries()) expect(step).toEqual(GOLDEN[index] ?? step);
  });
});

test('each client goes on with a list that the other began', async () => {
  await using registry = await startRegistry();
  const [amd, arm] = [`${registry.host}/app:amd`, `${registry.host}/app:arm`];
  await putImage(registry, 'app', 'amd', smallImage({ text: 'a' }));
  await putImage(registry, 'app', 'arm', smallImage({ text: 'b', architecture: 'arm64' }));
  const theirs = findDockerCli().path;
  const digests: string[] = [];
  for (const [first, second] of [
    [OURS, theirs],
    [theirs, OURS],
  ] as const) {
    const config = join(folder, `turn-${digests.length}`);
    const list = `${registry.host}/app:list-${digests.length}`;
    await manifest(first, config, 'create', '--insecure', list, amd);
    expect(await manifest(second, config, 'create', '--insecure', '--amend', list, arm)).toMatchObject({ exitCode: 0 });
    await manifest(first, config, 'annotate', list, arm, '--variant', 'v8');
    expect((await manifest(first, config, 'inspect', list)).stdout).toBe(
      (await manifest(second, config, 'inspect', list)).stdout,
    );
    const pushed = await manifest(second, config, 'push', '--insecure', list);
    expect(pushed).toMatchObject({ exitCode: 0, stderr: '' });
    digests.push(pushed.stdout);
    expect(await manifest(second, config, 'rm', list)).toMatchObject({ exitCode: 0 });
    expect(readdirSync(join(config, 'manifests'))).toEqual([]);
  }
  expect(digests[0]).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(digests[1]).toBe(digests[0] ?? '');
});

test('a list whose last manifest cannot be had is not begun', async () => {
  await using registry = await startRegistry();
  await putImage(registry, 'app', 'amd', smallImage({ text: 'a' }));
  const config = join(folder, 'half');
  const list = `${registry.host}/app:list`;
  const failed = await manifest(
    OURS,
    config,
    'create',
    '--insecure',
    list,
    `${registry.host}/app:amd`,
    `${registry.host}/app:none`,
  );
  expect(failed).toMatchObject({ exitCode: 1, stderr: `no such manifest: ${registry.host}/app:none\n` });
  expect(existsSync(join(config, 'manifests'))).toBe(false);
});

test('a registry that cannot mount gets the blobs of another repository by copying', async () => {
  await using registry = await startRegistry();
  await putImage(registry, 'from', '1', smallImage({ text: 'copied', layers: 2 }));
  const asked: string[] = [];
  await using proxy = withoutMounts(registry.host, asked);
  const config = join(folder, 'copy');
  await manifest(OURS, config, 'create', '--insecure', `${proxy.host}/to:1`, `${proxy.host}/from:1`);
  const pushed = await manifest(OURS, config, 'push', '--insecure', `${proxy.host}/to:1`);
  expect(pushed).toMatchObject({ exitCode: 0, stderr: '' });
  expect(asked.length).toBeGreaterThan(0);
  const inspected = await manifest(OURS, config, 'inspect', '-v', '--insecure', `${proxy.host}/to:1`);
  expect(inspected).toMatchObject({ exitCode: 0 });
});

/** Forgets `mount` and `from` of uploads. */
function withoutMounts(host: string, asked: string[]) {
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      const mount = url.searchParams.get('mount');
      if (mount !== null) asked.push(mount);
      if (mount !== null) url.search = '';
      return await fetch(`http://${host}${url.pathname}${url.search}`, {
        method: request.method,
        headers: request.headers,
        body: request.body,
        redirect: 'manual',
      });
    },
  });
  return {
    host: `127.0.0.1:${server.port}`,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

describe('credentials', () => {
  const user = { name: 'alice', password: 'secret' };
  for (const kind of ['basic', 'bearer'] as const) {
    test(`of config.json and of a helper are shown to a ${kind} registry`, async () => {
      await using registry = await startRegistry();
      await putImage(registry, 'app', 'amd', smallImage({ text: 'a' }));
      await using front = startFront(registry, { kind, user });
      const image = `${front.host}/app:amd`;
      const helper = join(folder, `docker-credential-${kind}`);
      writeFileSync(helper, `#!/bin/sh\ncat >/dev/null\necho '{"Username":"alice","Secret":"secret"}'\n`);
      chmodSync(helper, 0o755);
      const auth = Buffer.from('alice:secret').toString('base64');
      const configs = {
        file: { auths: { [front.host]: { auth } } },
        helper: { credHelpers: { [front.host]: kind } },
        none: {},
      };
      for (const [name, body] of Object.entries(configs)) {
        const config = mkdtempSync(join(folder, 'auth-'));
        writeFileSync(join(config, 'config.json'), JSON.stringify(body));
        const list = `${front.host}/app:by-${name}`;
        const created = await manifest(OURS, config, 'create', '--insecure', list, image);
        if (name === 'none') {
          expect(created).toMatchObject({ exitCode: 1, stderr: `no such manifest: ${image}\n` });
          continue;
        }
        expect(created).toMatchObject({ exitCode: 0, stderr: '' });
        expect(await manifest(OURS, config, 'push', '--insecure', list)).toMatchObject({ exitCode: 0, stderr: '' });
        expect(readdirSync(join(config, 'manifests')).length).toBe(1);
      }
    });
  }
});
