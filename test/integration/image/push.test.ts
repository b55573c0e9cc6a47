import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type LocalRegistry, startRegistry } from '../../fixtures/registry.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { runCommand } from '../../helpers/docker-cli.ts';

let daemon: TestDaemon;
let registry: LocalRegistry;
beforeAll(async () => {
  [daemon, registry] = await Promise.all([startDaemon(), startRegistry()]);
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  await registry[Symbol.asyncDispose]();
}, 60_000);

async function skopeo(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(['skopeo', '--insecure-policy', ...args]);
  if (exitCode !== 0) throw new Error(`skopeo ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** The digest a registry's tag has, as skopeo sees it. */
async function remoteDigest(name: string): Promise<string> {
  const text = await skopeo('inspect', '--tls-verify=false', '--format', '{{.Digest}}', `docker://${name}`);
  return text.trim();
}

test('an image goes by the docker client to a registry, by skopeo to another, and back: one digest', async () => {
  await using second = await startRegistry();
  const [here, there] = [`${registry.host}/team/busybox`, `${second.host}/copied/busybox`];
  await daemon.ok(['tag', 'busybox', `${here}:1`]);
  const output = await daemon.ok(['push', `${here}:1`]);
  const digest = /^1: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(output)?.[1] ?? output;
  expect(output).toStartWith(`The push refers to repository [${here}]\n`);
  expect(output).toMatch(/^[0-9a-f]{12}: Pushed$/m);
  expect(await remoteDigest(`${here}:1`)).toBe(digest);

  await skopeo(
    'copy',
    '--all',
    '--preserve-digests',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `docker://${here}:1`,
    `docker://${there}:1`,
  );
  await daemon.ok(['rmi', `${here}:1`, 'busybox']);
  expect(await daemon.ok(['pull', '-q', `${there}:1`])).toBe(`${there}:1`);
  expect(await daemon.ok(['inspect', '-f', '{{index .RepoDigests 0}}', `${there}:1`])).toBe(`${there}@${digest}`);
  expect(await daemon.ok(['run', '--rm', `${there}:1`, 'echo', 'works'])).toBe('works');

  await daemon.ok(['tag', `${there}:1`, `${here}:back`]);
  expect(await daemon.ok(['push', '-q', `${here}:back`])).toBe(`${here}:back`);
  expect(await remoteDigest(`${here}:back`)).toBe(digest);
  await daemon.ok(['tag', `${there}:1`, 'busybox']);
}, 60_000);

test('the docker client tells what cannot be pushed', async () => {
  const missing = await daemon.docker(['push', `${registry.host}/no/such:1`]);
  expect([missing.exitCode, missing.stderr]).toEqual([
    1,
    `An image does not exist locally with the tag: ${registry.host}/no/such\n`,
  ]);
  await daemon.ok(['tag', 'busybox', `${registry.host}/some:1`]);
  const tag = await daemon.docker(['push', `${registry.host}/some:2`]);
  expect([tag.exitCode, tag.stderr]).toEqual([1, `tag does not exist: ${registry.host}/some:2\n`]);
});
