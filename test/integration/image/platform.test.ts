import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join, resolve } from 'node:path';
import { OCI_MANIFEST } from '../../../src/oci/media-type.ts';
import { type LocalRegistry, startRegistry } from '../../fixtures/registry.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { type CommandResult, runCommand } from '../../helpers/docker-cli.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');

let daemon: TestDaemon;
let registry: LocalRegistry;
let name: string;
beforeAll(async () => {
  [daemon, registry] = await Promise.all([startDaemon(), startRegistry()]);
  name = `${registry.host}/multi:1`;
  await makeIndex();
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  await registry[Symbol.asyncDispose]();
}, 60_000);

async function docker(...words: readonly string[]): Promise<CommandResult> {
  const env = { DOCKER_HOST: daemon.host, DOCKER_CONFIG: join(daemon.root, 'config') };
  return await runCommand([OURS, ...words], { env });
}

async function ok(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await docker(...words);
  if (exitCode !== 0) throw new Error(`docker ${words.join(' ')}: ${stderr}`);
  return stdout.trimEnd();
}

/** busybox for two platforms that this machine runs, told apart by a variable. */
async function makeIndex(): Promise<void> {
  await ok('tag', 'busybox', `${registry.host}/multi:base`);
  await ok('push', '-q', `${registry.host}/multi:base`);
  const manifest = (await readJson('manifests/base')) as { readonly config: object & { readonly digest: string } };
  const config = (await readJson(`blobs/${manifest.config.digest}`)) as { readonly config: object };
  for (const architecture of ['amd64', '386']) {
    const own = {
      ...config,
      architecture,
      config: { ...config.config, Env: ['PATH=/bin', `BUILT_FOR=${architecture}`] },
    };
    const bytes = Buffer.from(JSON.stringify(own));
    const digest = await registry.putBlob('multi', bytes);
    const body = { ...manifest, config: { ...manifest.config, digest, size: bytes.byteLength } };
    await registry.putManifest('multi', architecture, OCI_MANIFEST, body);
  }
  const [amd, i386] = ['amd64', '386'].map((tag) => `${registry.host}/multi:${tag}`);
  await ok('manifest', 'create', '--insecure', name, amd ?? '', i386 ?? '');
  await ok('manifest', 'push', '--insecure', name);
}

async function readJson(path: string): Promise<unknown> {
  const answer = await fetch(`http://${registry.host}/v2/multi/${path}`, { headers: { accept: OCI_MANIFEST } });
  return await answer.json();
}

async function builtFor(platform: string): Promise<string> {
  return await ok(
    'run',
    '--rm',
    '--network',
    'none',
    '--pull',
    'never',
    '--platform',
    platform,
    name,
    'sh',
    '-c',
    'echo $BUILT_FOR',
  );
}

test('platforms of an index live together: each is pulled, run, looked at, saved, removed and loaded by itself', async () => {
  await ok('pull', '-q', '--platform', 'linux/386', name);
  expect(await builtFor('linux/386')).toBe('386');
  await ok('pull', '-q', name);
  expect(await builtFor('linux/386')).toBe('386');
  expect(await builtFor('linux/amd64')).toBe('amd64');

  const architecture = ['image', 'inspect', '-f', '{{.Architecture}}'];
  expect(await ok(...architecture, name)).toBe('amd64');
  expect(await ok(...architecture, '--platform', 'linux/386', name)).toBe('386');
  expect((await docker(...architecture, '--platform', 'linux/arm64', name)).stderr).toContain(
    `image with reference ${name} was found but does not provide the specified platform (linux/arm64)`,
  );
  expect(await ok('history', '-q', '--platform', 'linux/386', name)).toMatch(/^[0-9a-f]{12}/);
  const tree = await ok('images', '--tree', `${registry.host}/multi`);
  expect(tree).toContain(`${name} `);
  expect(tree).toContain('├─ linux/386 ');
  expect(tree).toContain('└─ linux/amd64 ');

  const file = join(daemon.root, 'one.tar');
  await ok('save', '-o', file, '--platform', 'linux/386', name);
  expect((await docker('rmi', '--platform', 'linux/386', name)).stderr).toContain('Use —-force to force delete.');
  expect(await ok('rmi', '--force', '--platform', 'linux/386', name)).toMatch(/^Deleted: sha256:[0-9a-f]{64}$/);
  expect(await builtFor('linux/amd64')).toBe('amd64');
  expect((await docker('run', '--rm', '--pull', 'never', '--platform', 'linux/386', name)).exitCode).toBe(125);
  expect((await docker('load', '-i', file, '--platform', 'linux/amd64')).stderr).toContain(
    'requested platform (linux/amd64) not found',
  );
  expect(await ok('load', '-i', file, '--platform', 'linux/386')).toContain(`Loaded image: ${name}`);
  expect(await builtFor('linux/386')).toBe('386');
  expect(await ok(...architecture, name)).toBe('386');
}, 60_000);

test('parameters of platforms are refused when malformed, and unknown to the versions of the API before them', async () => {
  const ask = async (path: string): Promise<{ readonly status: number; readonly body: unknown }> => {
    const answer = await fetch(`http://docker${path}`, { unix: daemon.socket });
    return { status: answer.status, body: await answer.json() };
  };
  const platform = encodeURIComponent('{"os":"plan9","architecture":"amd64"}');
  expect((await ask(`/v1.51/images/busybox/json?platform=${platform}`)).status).toBe(404);
  expect((await ask(`/v1.48/images/busybox/json?platform=${platform}`)).status).toBe(200);
  expect(await ask(`/v1.51/images/busybox/json?manifests=1&platform=${platform}`)).toEqual({
    status: 400,
    body: { message: 'conflicting options: manifests and platform options cannot both be set' },
  });
  expect(await ask('/v1.51/images/busybox/history?platform=%7B%22os%22:%22linux%22%7D')).toEqual({
    status: 400,
    body: { message: 'both OS and Architecture must be provided' },
  });
  expect((await ask('/v1.51/images/busybox/json?platform=x')).status).toBe(400);
  const rows = async (version: string): Promise<readonly { readonly Manifests?: readonly object[] }[]> =>
    (await ask(`/v${version}/images/json?manifests=1`)).body as readonly { readonly Manifests?: readonly object[] }[];
  expect((await rows('1.46'))[0]).not.toHaveProperty('Manifests');
  expect((await rows('1.51'))[0]?.Manifests?.[0]).toMatchObject({
    Available: true,
    Kind: 'image',
    ImageData: { Platform: { os: 'linux' }, Containers: [] },
  });
});
