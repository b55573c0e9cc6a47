import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { putImage } from '../../fixtures/image-engine.ts';
import { smallImage } from '../../fixtures/images.ts';
import { type LocalRegistry, type RegistryFront, startFront, startRegistry } from '../../fixtures/registry.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { type CommandResult, findDockerCli, runCommand } from '../../helpers/docker-cli.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
const SECRET = 's3cret-w0rd';
const HELPER = `#!/bin/sh
store=$(dirname "$0")/store
case $1 in
  store) cat > "$store" ;;
  get) cat > /dev/null; [ -e "$store" ] && exec cat "$store"; echo 'credentials not found in native keychain'; exit 1 ;;
  erase) cat > /dev/null; rm -f "$store" ;;
esac
`;
let daemon: TestDaemon;
let registry: LocalRegistry;
let basic: RegistryFront;
let bearer: RegistryFront;
let helpers: string;

beforeAll(async () => {
  [daemon, registry] = await Promise.all([startDaemon(), startRegistry()]);
  const user = { name: 'ann', password: SECRET };
  basic = startFront(registry, { kind: 'basic', user });
  bearer = startFront(registry, { kind: 'bearer', user, refreshToken: 'refresh-me' });
  helpers = join(daemon.root, 'helpers');
  mkdirSync(helpers);
  writeFileSync(join(helpers, 'docker-credential-test'), HELPER, { mode: 0o755 });
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  for (const server of [basic, bearer, registry]) await server[Symbol.asyncDispose]();
}, 60_000);

type Run = (args: readonly string[], stdin?: string) => Promise<CommandResult>;

/** A client with a config of its own; what differs from run to run is named in its output. */
function client(program: string, folder: string): Run {
  return async (args, stdin) => {
    const env = {
      DOCKER_HOST: daemon.host,
      DOCKER_CONFIG: folder,
      PATH: `${helpers}:${process.env.PATH ?? ''}`,
    };
    const result = await runCommand([program, ...args], { env, ...(stdin === undefined ? {} : { stdin }) });
    // The Go client colours the digests of a note even where there is no terminal; ours does not.
    const named = (text: string): string => Bun.stripANSI(text).replaceAll(folder, 'CONFIG');
    return { ...result, stdout: named(result.stdout), stderr: named(result.stderr) };
  };
}

function configFolder(name: string, content: object): string {
  const folder = join(daemon.root, `config-${name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(content));
  return folder;
}

function readConfig(folder: string): string {
  return readFileSync(join(folder, 'config.json'), 'utf8');
}

/** The same lines by the Go client and ours: what they print, how they end and the config they leave. */
async function sameAsGo(config: object, lines: readonly (readonly [string, string?])[]): Promise<void> {
  const seen: unknown[][] = [];
  for (const [name, program] of [
    ['go', findDockerCli().path],
    ['ours', OURS],
  ] as const) {
    const folder = configFolder(name, config);
    const run = client(program, folder);
    const one: unknown[] = [];
    for (const [line, stdin] of lines) one.push([line, await run(line.split(' '), stdin), readConfig(folder)]);
    seen.push(one);
  }
  expect(seen[1]).toEqual(seen[0] ?? []);
}

describe('as the Go client prints and keeps it', () => {
  test('login and logout with config.json', async () => {
    await sameAsGo({ detachKeys: 'ctrl-q' }, [
      [`login -u ann -p wrong ${basic.host}`],
      [`login -u ann -p wrong ${bearer.host}`],
      [`login -u ann -p ${SECRET} ${basic.host}`],
      [`login -u ann --password-stdin https://${bearer.host}/v1/`, `${SECRET}\n`],
      [`login ${basic.host}`],
      [`login ${registry.host}`],
      ['login -u a -p b 127.0.0.1:1'],
      [`login -u a -p b --password-stdin ${basic.host}`],
      [`login --password-stdin ${basic.host}`],
      [`logout ${basic.host}`],
      [`logout ${basic.host}`],
      ['logout'],
    ]);
  }, 30_000);

  test('push with a login, and what cannot be pushed', async () => {
    await daemon.ok(['tag', 'busybox', `${bearer.host}/a/b`]);
    await daemon.ok(['tag', 'busybox', `${basic.host}/a/b`]);
    await daemon.ok(['tag', 'busybox', `${registry.host}/a/b`]);
    await daemon.ok(['push', `${registry.host}/a/b`]);
    await sameAsGo({}, [
      [`push ${bearer.host}/a/b`],
      [`push -q ${basic.host}/a/b`],
      [`login -u ann --password-stdin ${bearer.host}`, SECRET],
      [`push ${bearer.host}/a/b`],
      [`push -q ${bearer.host}/a/b`],
      [`push -a ${bearer.host}/a/b`],
      [`push --platform linux/amd64 ${bearer.host}/a/b`],
      [`push --platform linux/s390x ${bearer.host}/a/b`],
      [`push ${bearer.host}/a/c`],
      [`push -a ${bearer.host}/a/b:latest`],
    ]);
  }, 30_000);

  test('push of one platform of an index', async () => {
    const amd = await putImage(registry, 'multi', undefined, smallImage({ text: 'amd' }));
    const arm = await putImage(registry, 'multi', undefined, smallImage({ text: 'arm', architecture: 'arm64' }));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    await registry.putManifest('multi', '1', mediaType, {
      schemaVersion: 2,
      mediaType,
      manifests: [
        { ...amd, platform: { os: 'linux', architecture: 'amd64' } },
        { ...arm, platform: { os: 'linux', architecture: 'arm64' } },
      ],
    });
    await using other = await startRegistry();
    await daemon.ok(['pull', '-q', `${registry.host}/multi:1`]);
    await daemon.ok(['tag', `${registry.host}/multi:1`, `${other.host}/multi:1`]);
    await daemon.ok(['push', `${other.host}/multi:1`]);
    await sameAsGo({}, [[`push ${other.host}/multi:1`]]);
  }, 30_000);

  test('search', async () => {
    await using index = searchable();
    await sameAsGo({}, [
      [`search ${index.host}/web`],
      [`search --no-trunc --filter stars=5 ${index.host}/web`],
      [`search --filter is-official=true --limit 7 ${index.host}/web`],
      [`search --format {{.Name}}:{{.StarCount}}:{{.IsOfficial}} ${index.host}/web`],
      [`search --limit 101 ${index.host}/web`],
      [`search --filter nothing=1 ${index.host}/web`],
      [`search --filter stars=many ${index.host}/web`],
      [`search ${registry.host}/web`],
    ]);
    expect(index.asked[0]).toBe('?q=web&n=25');
  }, 30_000);
});

function searchable(): { readonly host: string; readonly asked: string[] } & AsyncDisposable {
  const asked: string[] = [];
  const row = (name: string, stars: number, official: boolean): object => {
    const description = `${name} serves pages to\nwhoever asks for them, as long as it runs`;
    return { name, description, star_count: stars, is_official: official, is_automated: false };
  };
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch(request) {
      const url = new URL(request.url);
      if (url.pathname === '/v1/search') asked.push(url.search);
      return Response.json({ results: [row('small/web', 3, false), row('nginx', 900, true), row('a/b', 7, false)] });
    },
  });
  return { host: `127.0.0.1:${server.port}`, asked, [Symbol.asyncDispose]: async () => await server.stop(true) };
}

test('a credential helper keeps the secret: config.json and the daemon’s log never have it', async () => {
  const folder = configFolder('helper', { credHelpers: { [basic.host]: 'test' }, own: { kept: true } });
  const run = client(OURS, folder);
  await daemon.ok(['tag', 'busybox', `${basic.host}/helped`]);
  expect((await run(['push', '-q', `${basic.host}/helped`])).stderr).toBe('no basic auth credentials\n');
  const login = await run(['login', '-u', 'ann', '--password-stdin', basic.host], SECRET);
  expect([login.stdout, login.stderr]).toEqual(['Login Succeeded\n', '']);
  expect(JSON.parse(readFileSync(join(helpers, 'store'), 'utf8'))).toEqual({
    ServerURL: basic.host,
    Username: 'ann',
    Secret: SECRET,
  });
  expect(JSON.parse(readConfig(folder))).toEqual({
    auths: { [basic.host]: {} },
    credHelpers: { [basic.host]: 'test' },
    own: { kept: true },
  });
  expect((await run(['push', '-q', `${basic.host}/helped`])).stdout).toBe(`${basic.host}/helped:latest\n`);
  await daemon.ok(['rmi', `${basic.host}/helped`]);
  expect((await run(['run', '--rm', '-q', `${basic.host}/helped`, 'echo', 'ran'])).stdout).toBe('ran\n');
  expect((await run(['logout', basic.host])).exitCode).toBe(0);
  expect(existsSync(join(helpers, 'store'))).toBe(false);
  expect((await run(['pull', `${basic.host}/helped`])).stderr).toContain('no basic auth credentials');
  const encoded = [SECRET, Buffer.from(`ann:${SECRET}`).toString('base64'), 'refresh-me'];
  for (const text of encoded) expect(daemon.log()).not.toContain(text);
}, 30_000);

test('an identity token stands for the password, in the file and for pulls', async () => {
  const folder = configFolder('token', {});
  const run = client(OURS, folder);
  await run(['login', '-u', 'ann', '--password-stdin', bearer.host], SECRET);
  expect(readConfig(folder)).not.toContain(SECRET);
  expect(JSON.parse(readConfig(folder)).auths[bearer.host].identitytoken).toBe('refresh-me');
  expect((await run(['pull', '-q', `${bearer.host}/a/b`])).stderr).toBe('');
  const again = await run(['login', bearer.host]);
  expect([again.exitCode, again.stdout]).toEqual([0, 'Login Succeeded\n']);
}, 30_000);

test('a helper that is not there is a warning for a pull and an error for a login', async () => {
  const folder = configFolder('absent', { credsStore: 'absent' });
  const run = client(OURS, folder);
  const pull = await run(['pull', '-q', `${registry.host}/a/b`]);
  expect([pull.exitCode, pull.stderr]).toEqual([
    0,
    `WARNING: going on without credentials for ${registry.host}: error running credential helper: exec: "docker-credential-absent": executable file not found in $PATH\n`,
  ]);
  const login = await run(['login', '-u', 'ann', '--password-stdin', basic.host], SECRET);
  expect(login.exitCode).toBe(1);
  expect(readConfig(folder)).toBe('{"credsStore":"absent"}');
  expect(login.stdout + login.stderr).not.toContain(SECRET);
}, 30_000);

test('config.json is written through a link, with the mode it had; a broken one is left as it is', async () => {
  const folder = configFolder('link', {});
  rmSync(join(folder, 'config.json'));
  const real = join(folder, 'real.json');
  writeFileSync(real, '{"a":1}', { mode: 0o640 });
  symlinkSync(real, join(folder, 'config.json'));
  const run = client(OURS, folder);
  expect((await run(['login', '-u', 'ann', '--password-stdin', basic.host], SECRET)).exitCode).toBe(0);
  expect(JSON.parse(readFileSync(real, 'utf8'))).toMatchObject({ a: 1, auths: { [basic.host]: {} } });
  expect(statSync(real).mode & 0o777).toBe(0o640);
  writeFileSync(real, '{"auths": {broken');
  const broken = await run(['login', '-u', 'ann', '--password-stdin', basic.host], SECRET);
  expect(broken.exitCode).toBe(1);
  expect(broken.stderr).toContain('was left as it is');
  expect(readFileSync(real, 'utf8')).toBe('{"auths": {broken');
}, 30_000);
