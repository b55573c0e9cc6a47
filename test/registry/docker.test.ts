import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDebianDaemon } from '../clients/debian-daemon.ts';
import { startDaemon } from '../helpers/daemon.ts';
import { findDockerCli, runCommand } from '../helpers/docker-cli.ts';
import { type RegistryProcess, startRegistryProcess } from './serve.ts';

/** The unmodified docker client, on Debian's dockerd and on ours, against a registry of ours that wants a login to push. */
const folder = mkdtempSync(join(tmpdir(), 'skiff-docker-registry-'));
let registry: RegistryProcess;
beforeAll(async () => {
  const hash = Bun.password.hashSync('secret', { algorithm: 'bcrypt', cost: 4 });
  const [config, users] = [join(folder, 'config.yml'), join(folder, 'htpasswd')];
  writeFileSync(users, `alice:${hash}\n`);
  writeFileSync(config, `auth: { htpasswd: { realm: team, path: ${users} } }\nskiff: { anonymousread: true }\n`);
  registry = await startRegistryProcess([config]);
});
afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Login, push, removal, pull without login; the digest that the registry has. */
async function roundTrip(host: string, name: string): Promise<void> {
  const image = `${registry.host}/${name}:1`;
  const docker = async (
    config: string,
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly text: string }> => {
    const env = { DOCKER_HOST: host, DOCKER_CONFIG: join(folder, config), HOME: folder };
    const { exitCode, stdout, stderr } = await runCommand([findDockerCli().path, ...args], { env });
    return { code: exitCode, text: stdout + stderr };
  };
  const user = `user-${name.replace('/', '-')}`;
  expect((await docker(user, 'tag', 'busybox', image)).code).toBe(0);
  expect((await docker('nobody', 'push', image)).text).toMatch(
    /no basic auth credentials|unauthorized|authentication required|denied/,
  );
  expect((await docker(user, 'login', '-u', 'alice', '-p', 'wrong', registry.host)).code).toBe(1);
  expect((await docker(user, 'login', '-u', 'alice', '-p', 'secret', registry.host)).text).toContain('Login Succeeded');
  const pushed = await docker(user, 'push', image);
  expect(pushed).toMatchObject({ code: 0 });
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(pushed.text)?.[1];
  const head = await fetch(`${registry.url}/v2/${name}/manifests/1`, { method: 'HEAD' });
  expect(head.headers.get('docker-content-digest')).toBe(digest ?? 'none');
  await docker(user, 'rmi', image);
  expect((await docker('nobody', 'pull', image)).text).toContain(`Digest: ${digest}`);
  expect((await docker('nobody', 'run', '--rm', '--network', 'none', image, 'echo', 'from our registry')).text).toBe(
    'from our registry\n',
  );
}

test('docker with Debian’s dockerd: login, push, pull, run', async () => {
  await using daemon = await startDebianDaemon();
  await roundTrip(daemon.host, 'debian/busybox');
});

test('docker with our daemon: login, push, pull, run', async () => {
  await using daemon = await startDaemon();
  await roundTrip(daemon.host, 'ours/busybox');
});
