import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalRegistry, startRegistry } from '../fixtures/registry.ts';
import { imageArchive } from '../helpers/daemon.ts';
import { type RegistryProcess, startRegistryProcess } from './serve.ts';

/** skopeo and Debian's docker-registry on the other side of ours: digests stay the same at every hop. */
const folder = mkdtempSync(join(tmpdir(), 'skiff-peers-'));
let ours: RegistryProcess;
let theirs: LocalRegistry;
beforeAll(async () => {
  [ours, theirs] = await Promise.all([startRegistryProcess(), startRegistry()]);
});
afterAll(async () => {
  await Promise.all([ours[Symbol.asyncDispose](), theirs[Symbol.asyncDispose]()]);
  rmSync(folder, { recursive: true, force: true });
});

function run(argv: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { env: { ...process.env, HOME: folder } });
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
  return stdout.toString();
}

function copy(from: string, to: string, ...flags: readonly string[]): void {
  run([
    'skopeo',
    'copy',
    '-q',
    '--insecure-policy',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    ...flags,
    from,
    to,
  ]);
}

function digestOf(image: string): string {
  return (JSON.parse(run(['skopeo', 'inspect', '--tls-verify=false', image])) as { Digest: string }).Digest;
}

test('skopeo copies to ours, to docker-registry, back, and into a folder: one digest all the way; then deletes', async () => {
  const [here, there] = [`docker://${ours.host}/team/busybox`, `docker://${theirs.host}/team/busybox`];
  copy(`docker-archive:${imageArchive('busybox')}`, `${here}:1`);
  copy(`${here}:1`, `${there}:1`);
  copy(`${there}:1`, `${here}/back:2`);
  copy(`${here}/back:2`, `dir:${join(folder, 'image')}`);
  const digest = digestOf(`${here}:1`);
  expect([digestOf(`${there}:1`), digestOf(`${here}/back:2`), digestOf(`${here}/back@${digest}`)]).toEqual([
    digest,
    digest,
    digest,
  ]);
  expect(run(['skopeo', 'manifest-digest', join(folder, 'image/manifest.json')]).trim()).toBe(digest);
  const tags = JSON.parse(run(['skopeo', 'list-tags', '--tls-verify=false', here])) as { Tags: string[] };
  expect(tags.Tags).toEqual(['1']);
  run([
    'skopeo',
    'copy',
    '-q',
    '--insecure-policy',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `${here}:1`,
    `${here}:gone`,
  ]);
  run(['skopeo', 'delete', '--tls-verify=false', `${here}:gone`]);
  expect(JSON.parse(await (await fetch(`${ours.url}/v2/team/busybox/tags/list`)).text())).toEqual({
    name: 'team/busybox',
    tags: [],
  });
});

test('skopeo sync takes a repository with all its tags, in OCI form too', () => {
  const source = `docker://${theirs.host}/sync/app`;
  for (const tag of ['a', 'b']) copy(`docker-archive:${imageArchive('busybox')}`, `${source}:${tag}`);
  copy(`docker-archive:${imageArchive('busybox')}`, `${source}:oci`, '--format', 'oci');
  run([
    'skopeo',
    'sync',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    '--src',
    'docker',
    '--dest',
    'docker',
    `${theirs.host}/sync/app`,
    `${ours.host}/mirror`,
  ]);
  for (const tag of ['a', 'b', 'oci'])
    expect(digestOf(`docker://${ours.host}/mirror/app:${tag}`)).toBe(digestOf(`${source}:${tag}`));
});

test('an index with all its images goes through both registries unchanged', async () => {
  const name = 'multi/app';
  copy(`docker-archive:${imageArchive('busybox')}`, `docker://${ours.host}/${name}:one`, '--format', 'oci');
  const one = await fetch(`${ours.url}/v2/${name}/manifests/one`);
  const size = (await one.arrayBuffer()).byteLength;
  const entry = {
    mediaType: one.headers.get('content-type'),
    digest: one.headers.get('docker-content-digest'),
    size,
    platform: { os: 'linux', architecture: 'amd64' },
  };
  const type = 'application/vnd.oci.image.index.v1+json';
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: type,
    manifests: [entry],
    annotations: { note: 'kept' },
  });
  const put = await fetch(`${ours.url}/v2/${name}/manifests/all`, {
    method: 'PUT',
    body: index,
    headers: { 'Content-Type': type },
  });
  expect(put.status).toBe(201);
  copy(`docker://${ours.host}/${name}:all`, `docker://${theirs.host}/${name}:all`, '--all');
  copy(`docker://${theirs.host}/${name}:all`, `docker://${ours.host}/${name}/back:all`, '--all');
  expect(await (await fetch(`${ours.url}/v2/${name}/back/manifests/all`, { headers: { Accept: type } })).text()).toBe(
    index,
  );
});

test('docker-registry serves the tree that ours has written, and ours the one of docker-registry', async () => {
  await using first = await startRegistryProcess();
  copy(`docker-archive:${imageArchive('busybox')}`, `docker://${first.host}/tree/app:1`);
  const digest = digestOf(`docker://${first.host}/tree/app:1`);
  await first.stop();
  const config = join(folder, 'tree.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: { level: error, accesslog: { disabled: true } }\nstorage: { filesystem: { rootdirectory: ${first.root}/data } }\nhttp: { addr: "${first.host}" }\n`,
  );
  const child = Bun.spawn(['docker-registry', 'serve', config], { stdout: 'ignore', stderr: 'ignore' });
  try {
    while (
      !(await fetch(`${first.url}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      await Bun.sleep(20);
    expect(digestOf(`docker://${first.host}/tree/app:1`)).toBe(digest);
    copy(`docker://${first.host}/tree/app:1`, `docker://${first.host}/tree/theirs:2`);
  } finally {
    child.kill('SIGTERM');
    await child.exited;
  }
  await first.start();
  expect([digestOf(`docker://${first.host}/tree/app:1`), digestOf(`docker://${first.host}/tree/theirs:2`)]).toEqual([
    digest,
    digest,
  ]);
});
