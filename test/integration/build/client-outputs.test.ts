/** What `docker build` of our client takes from other folders and writes to them: outputs, contexts, caches; and `docker builder`. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { lsetxattr } from '../../../src/linux/ffi/libc.host.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { startRegistryProcess } from '../../registry/serve.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
let daemon: TestDaemon;
let folders = 0;

beforeAll(async () => {
  daemon = await startDaemon();
}, 120_000);
afterAll(async () => await daemon.stop(), 120_000);

function contextOf(files: Readonly<Record<string, string>>): string {
  const folder = join(daemon.root, `outputs-${++folders}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

interface Ran {
  readonly status: number;
  readonly out: Buffer;
  readonly err: string;
}

async function docker(folder: string, ...args: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([OURS, ...args], {
    cwd: folder,
    env: { ...process.env, DOCKER_HOST: daemon.host, DOCKER_CONFIG: join(daemon.root, 'config') },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).arrayBuffer(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, out: Buffer.from(out), err };
}

async function build(folder: string, ...flags: readonly string[]): Promise<Ran> {
  const ran = await docker(folder, 'build', ...flags);
  if (ran.status !== 0) throw new Error(ran.err);
  return ran;
}

const FILES = { Dockerfile: 'FROM scratch\nCOPY d /d\n', 'd/a': 'a', 'd/run': '#' };

test('files come to a folder, to a file and to standard output, several at once', async () => {
  const folder = contextOf(FILES);
  Bun.spawnSync(['sh', '-c', 'ln -s a d/link && chmod 750 d/run'], { cwd: folder });
  await build(folder, '-o', 'out', '-o', 'type=tar,dest=files.tar', '-o', 'type=oci,dest=image.tar', '.');
  expect(readdirSync(join(folder, 'out/d')).sort()).toEqual(['a', 'link', 'run']);
  expect(readFileSync(join(folder, 'out/d/a'), 'utf8')).toBe('a');
  expect([readlinkSync(join(folder, 'out/d/link')), lstatSync(join(folder, 'out/d/run')).mode & 0o7777]).toEqual([
    'a',
    0o750,
  ]);
  const listed = (file: string): string => Bun.spawnSync(['tar', '-tf', file], { cwd: folder }).stdout.toString();
  expect(listed('files.tar')).toContain('d/link\n');
  expect(listed('image.tar')).toContain('oci-layout\n');
  const { out } = await build(folder, '-o', '-', '.');
  writeFileSync(join(folder, 'stdout.tar'), out);
  expect(listed('stdout.tar')).toBe(listed('files.tar'));
  const refused = await docker(folder, 'build', '-o', 'type=tar,dest=out', '.');
  expect([refused.status, refused.err]).toEqual([1, expect.stringContaining('cannot write to a directory')]);
}, 60_000);

test('a docker archive is what load reads, and the metadata names the image', async () => {
  const folder = contextOf({ Dockerfile: 'FROM busybox\nRUN echo packed > /f\n' });
  await build(folder, '-t', 'packed:1', '-o', 'type=docker,dest=image.tar', '.');
  expect((await docker(folder, 'load', '-i', 'image.tar')).out.toString()).toContain('packed:1');
  await build(folder, '-t', 'packed:2', '--metadata-file', 'meta.json', '--annotation', 'a.b=c', '.');
  const metadata = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as Record<string, unknown>;
  expect(metadata).toMatchObject({
    'image.name': expect.stringContaining('packed:2'),
    'containerimage.digest': expect.stringMatching(/^sha256:/),
  });
}, 60_000);

test('other folders are contexts by their names, without what their ignore files name', async () => {
  const folder = contextOf({ Dockerfile: 'FROM scratch\nCOPY --from=more / /\n' });
  const more = contextOf({ keep: 'k', drop: 'd', '.dockerignore': 'drop\n.dockerignore\n' });
  await build(folder, '--build-context', `more=${more}`, '-o', 'out', '.');
  expect(readdirSync(join(folder, 'out'))).toEqual(['keep']);
  const image = await docker(folder, 'build', '--build-context', 'more=docker-image://busybox', '-o', 'out2', '.');
  expect([image.status, existsSync(join(folder, 'out2/bin/sh'))]).toEqual([0, true]);
}, 60_000);

test('a cache goes to a folder and comes back from it', async () => {
  const folder = contextOf({ Dockerfile: `FROM busybox\nRUN echo ${crypto.randomUUID()} > /f\n` });
  await build(folder, '--cache-to', 'type=local,dest=cache,mode=max', '.');
  expect(existsSync(join(folder, 'cache/index.json'))).toBe(true);
  await daemon.ok(['builder', 'prune', '-af'], { env: { DOCKER_BUILDKIT: '0' } });
  const again = await build(folder, '--cache-from', 'type=local,src=cache', '.');
  expect(again.err).toMatch(/RUN echo \S+ > \/f\n#\d+ CACHED\n/);
}, 60_000);

test('links in a local output are what they are in the image', async () => {
  const folder = contextOf({
    Dockerfile:
      'FROM busybox AS a\nRUN mkdir /o && ln -s /tmp/skiff-escaped /o/up && ln -s .. /o/dots\nFROM scratch\nCOPY --from=a /o /\n',
  });
  await build(folder, '-o', 'out', '.');
  expect(['up', 'dots'].map((name) => readlinkSync(join(folder, 'out', name)))).toEqual(['/tmp/skiff-escaped', '..']);
  expect(existsSync('/tmp/skiff-escaped')).toBe(false);
}, 60_000);

test('an image is pushed with the credentials of the client, and a refusal fails the build', async () => {
  await using registry = await startRegistryProcess();
  const folder = contextOf({ Dockerfile: 'FROM busybox\nLABEL pushed=yes\n' });
  const name = `${registry.host}/team/pushed:1`;
  const pushed = await build(folder, '--push', '-t', name, '.');
  expect(pushed.err).toMatch(/#\d+ pushing \S+\n#\d+ DONE/);
  const manifest = await fetch(`${registry.url}/v2/team/pushed/manifests/1`);
  expect(manifest.status).toBe(200);
  await registry.stop();
  const refused = await docker(folder, 'build', '--push', '-t', name, '.');
  expect([refused.status, refused.err]).toEqual([1, expect.stringMatching(/#\d+ ERROR: /)]);
}, 60_000);

test('builder du lists what builds have left, and builder prune takes it away', async () => {
  const folder = contextOf({
    Dockerfile: `FROM busybox\nRUN --mount=type=cache,target=/c echo ${crypto.randomUUID()} > /c/f\n`,
  });
  await build(folder, '.');
  const list = await docker(folder, 'builder', 'du');
  expect(list.out.toString()).toMatch(/^ID\t+RECLAIMABLE\tSIZE\t+LAST ACCESSED\n/);
  expect(list.out.toString()).toMatch(/\nTotal:\t+\S+\n$/);
  const verbose = (await docker(folder, 'builder', 'du', '--verbose')).out.toString();
  expect(verbose).toMatch(/^ID:\t+/);
  for (const type of ['regular', 'exec.cachemount', 'source.local']) expect(verbose).toContain(`Type:\t\t${type}\n`);
  const some = (await docker(folder, 'builder', 'du', '--verbose', '--filter', 'type!=regular')).out.toString();
  expect([some.includes('exec.cachemount'), some.includes('Type:\t\tregular')]).toEqual([true, false]);
  const chosen = await docker(
    folder,
    'builder',
    'prune',
    '-f',
    '--filter',
    'description~=^cached mount',
    '--filter',
    'mutable',
  );
  expect(chosen.out.toString()).toMatch(/^Deleted build cache objects:\n[0-9a-f]+\n\nTotal reclaimed space: [1-9]/);
  const none = await docker(folder, 'builder', 'prune', '-af', '--filter', 'type!=regular', '--filter', 'shared');
  expect(none.out.toString()).toBe('Total reclaimed space: 0B\n');
  const pruned = (await docker(folder, 'builder', 'prune', '--all', '--force')).out.toString();
  expect(pruned).toMatch(/^Deleted build cache objects:\n(?:[^\n]+\n)+\nTotal reclaimed space: \S+\n$/);
  expect((await docker(folder, 'builder', 'prune', '-f')).out.toString()).toBe('Total reclaimed space: 0B\n');
  expect((await docker(folder, 'builder', 'du')).out.toString()).toBe(
    'ID\tRECLAIMABLE\tSIZE\tLAST ACCESSED\nReclaimable:\t0B\nTotal:\t\t0B\n',
  );
  expect((await docker(folder, 'builder', 'build', '-q', '.')).out.toString()).toStartWith('sha256:');
}, 60_000);

test('extended attributes of the context and of other folders are in the layers, and part of the key', async () => {
  const folder = contextOf({
    Dockerfile: 'FROM scratch\nCOPY d /d\nCOPY --from=other f /\n',
    'd/s/a': 'a',
    'other/f': 'f',
  });
  const mark = (name: string, value: string): void => lsetxattr(join(folder, name), 'user.mark', Buffer.from(value));
  Bun.spawnSync(['ln', 's/a', 'b'], { cwd: join(folder, 'd') });
  mark('d/s/a', 'of a file');
  mark('d/s', 'of a folder');
  mark('other/f', 'of another context');
  const files = async (): Promise<string> =>
    (await build(folder, '--build-context', 'other=other', '-o', 'type=tar', '.')).out.toString('latin1');
  const marks = async (): Promise<readonly string[]> =>
    [...(await files()).matchAll(/SCHILY\.xattr\.user\.mark=(.*)\n/g)].map(([, value = '']) => value).toSorted();
  expect(await marks()).toEqual(['of a file', 'of a folder', 'of another context']);
  mark('d/s/a', 'anew');
  expect(await marks()).toEqual(['anew', 'of a folder', 'of another context']);
  mark('d/s', 'anew too');
  expect(await marks()).toEqual(['anew', 'anew too', 'of another context']);
}, 60_000);

interface Written {
  readonly mediaType: string;
  readonly config: { readonly mediaType: string };
  readonly layers: readonly { readonly mediaType: string; readonly digest: string }[];
}

test('layers are compressed and media types named as an output asks, and the images run', async () => {
  const folder = contextOf({ Dockerfile: 'FROM busybox\nCOPY d /d\n', 'd/a': 'of the format' });
  const written = async (fields: string): Promise<Written> => {
    await build(folder, '-o', `type=oci,dest=image.tar,${fields}`, '.');
    const read = (name: string): unknown =>
      JSON.parse(Bun.spawnSync(['tar', '-xOf', 'image.tar', name], { cwd: folder }).stdout.toString());
    const { manifests } = read('index.json') as { readonly manifests: readonly { readonly digest: string }[] };
    return read(`blobs/${manifests[0]?.digest.replace(':', '/')}`) as Written;
  };
  const [oci, legacy] = ['application/vnd.oci.image', 'application/vnd.docker'];
  const zstd = await written('compression=zstd');
  expect(zstd.layers.map(({ mediaType }) => mediaType.replace(`${oci}.layer.v1.tar`, ''))).toEqual(['', '+zstd']);
  const blob = `blobs/${zstd.layers[1]?.digest.replace(':', '/')}`;
  expect(Bun.spawnSync(['tar', '-xOf', 'image.tar', blob], { cwd: folder }).stdout.toString('hex')).toMatch(
    /^28b52ffd/,
  );
  const all = await written('compression=zstd,force-compression=true,oci-mediatypes=false');
  expect([all.mediaType, all.config.mediaType, ...all.layers.map(({ mediaType }) => mediaType)]).toEqual([
    `${legacy}.distribution.manifest.v2+json`,
    `${legacy}.container.image.v1+json`,
    `${legacy}.image.rootfs.diff.tar.zstd`,
    `${legacy}.image.rootfs.diff.tar.zstd`,
  ]);
  expect(
    (await written('compression=uncompressed,force-compression=true')).layers.map(({ mediaType }) => mediaType),
  ).toEqual([`${oci}.layer.v1.tar`, `${oci}.layer.v1.tar`]);
  for (const fields of ['compression=zstd', 'compression=uncompressed,force-compression=1,oci-mediatypes=0']) {
    await build(folder, '-o', `type=image,name=formed,${fields}`, '.');
    await docker(folder, 'save', '-o', 'saved.tar', 'formed');
    await docker(folder, 'rmi', 'formed');
    await docker(folder, 'load', '-i', 'saved.tar');
    expect((await docker(folder, 'run', '--rm', 'formed', 'cat', '/d/a')).out.toString()).toBe('of the format');
  }
  const noted = await docker(folder, 'build', '--annotation', 'a=b', '-o', 'type=oci,dest=x,oci-mediatypes=false', '.');
  expect(noted.err).toContain('oci-mediatypes=false is not possible with annotations');
}, 60_000);
