/** `docker build` of our client with what lies elsewhere: repositories, registries, layouts; several platforms; attestations. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { startRegistryProcess } from '../../registry/serve.ts';
import { ourDocker, type Ran } from './our-client.ts';

let daemon: TestDaemon;
let folders = 0;

beforeAll(async () => {
  daemon = await startDaemon();
}, 120_000);
afterAll(async () => await daemon.stop(), 120_000);

function contextOf(files: Readonly<Record<string, string>>): string {
  const folder = join(daemon.root, `elsewhere-${++folders}`);
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function build(cwd: string, ...flags: readonly string[]): Promise<Ran> {
  const ran = await ourDocker(daemon, ['build', '--progress', 'plain', ...flags], { cwd });
  if (ran.status !== 0) throw new Error(ran.err);
  return ran;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

test('a repository is a context, and a named one: a branch and a folder of it', async () => {
  const base = contextOf({
    'repo/Dockerfile': 'FROM scratch\nCOPY . /\n',
    'repo/deep/Dockerfile': 'FROM scratch\nCOPY file /only\n',
    'repo/deep/file': 'of main',
  });
  const git = (...argv: readonly string[]): void => {
    const names = ['-c', 'user.name=t', '-c', 'user.email=t@localhost', '-c', 'init.defaultBranch=main'];
    const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' };
    const { exitCode, stderr } = Bun.spawnSync(['git', ...names, ...argv], { cwd: join(base, 'repo'), env });
    if (exitCode !== 0) throw new Error(stderr.toString());
  };
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  git('checkout', '-qb', 'other');
  writeFileSync(join(base, 'repo/deep/file'), 'of other');
  git('commit', '-qam', 'second');
  const port = await freePort();
  const server = Bun.spawn(
    [
      '/usr/lib/git-core/git-daemon',
      '--reuseaddr',
      '--export-all',
      '--listen=127.0.0.1',
      `--port=${port}`,
      `--base-path=${base}`,
    ],
    { stdout: 'ignore', stderr: 'ignore' },
  );
  const url = `git://127.0.0.1:${port}/repo/.git`;
  while (Bun.spawnSync(['git', 'ls-remote', '-q', url], { stderr: 'ignore' }).exitCode !== 0) await Bun.sleep(20);
  const folder = contextOf({ Dockerfile: 'FROM scratch\nCOPY --from=more /deep/file /named\n' });
  await build(folder, '-o', 'whole', `${url}#main`);
  expect(readdirSync(join(folder, 'whole')).toSorted()).toEqual(['Dockerfile', 'deep']);
  await build(folder, '-o', 'deep', `${url}#other:deep`);
  expect(readFileSync(join(folder, 'deep/only'), 'utf8')).toBe('of other');
  await build(folder, '-o', 'named', '--build-context', `more=${url}#main`, '.');
  expect(readFileSync(join(folder, 'named/named'), 'utf8')).toBe('of main');
  server.kill();
  await server.exited;
}, 60_000);

test('a list of platforms is one image of all, or a folder for each', async () => {
  const folder = contextOf({
    Dockerfile: 'FROM scratch\nARG TARGETPLATFORM\nCOPY f-$TARGETPLATFORM /f\n',
    'f-linux/amd64': 'a',
    'f-linux/arm64': 'b',
  });
  const { err } = await build(
    folder,
    '--platform',
    'linux/amd64,linux/arm64',
    '-t',
    'both:1',
    '-o',
    'type=image',
    '-o',
    'out',
    '--metadata-file',
    'meta.json',
    '.',
  );
  expect(['linux/amd64', 'linux/arm64'].every((name) => err.includes(`[${name} 1/1] COPY`))).toBe(true);
  expect(['linux_amd64', 'linux_arm64'].map((name) => readFileSync(join(folder, 'out', name, 'f'), 'utf8'))).toEqual([
    'a',
    'b',
  ]);
  const meta = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as Record<string, { mediaType: string }>;
  expect(meta['containerimage.descriptor']?.mediaType).toBe('application/vnd.oci.image.index.v1+json');
  await build(folder, '--platform', 'linux/arm64', '-o', 'type=tar,dest=one.tar,platform-split=false', '.');
  expect(Bun.spawnSync(['tar', '-xOf', join(folder, 'one.tar'), 'f']).stdout.toString()).toBe('b');
}, 60_000);

test('what is attested lies beside the files, and in the archive of an image', async () => {
  const folder = contextOf({ Dockerfile: 'FROM scratch\nCOPY f /f\n', f: 'x' });
  await build(folder, '--provenance', 'mode=max', '--sbom', 'true', '-o', 'out', '-o', 'type=oci,dest=image.tar', '.');
  expect(readdirSync(join(folder, 'out')).toSorted()).toEqual(['f', 'provenance.json', 'sbom.spdx.json']);
  const { subject } = JSON.parse(readFileSync(join(folder, 'out/provenance.json'), 'utf8')) as {
    subject: { name: string }[];
  };
  expect(subject.map(({ name }) => name)).toEqual(['f']);
  mkdirSync(join(folder, 'layout'));
  Bun.spawnSync(['tar', '-xf', '../image.tar'], { cwd: join(folder, 'layout') });
  const read = (digest: string) =>
    JSON.parse(readFileSync(join(folder, 'layout/blobs', digest.replace(':', '/')), 'utf8')) as {
      manifests: { digest: string; annotations?: Record<string, string> }[];
    };
  const [top] = (JSON.parse(readFileSync(join(folder, 'layout/index.json'), 'utf8')) as ReturnType<typeof read>)
    .manifests;
  const kinds = read(top?.digest ?? '').manifests.map(({ annotations }) => annotations?.['vnd.docker.reference.type']);
  expect(kinds).toEqual([undefined, 'attestation-manifest']);
}, 60_000);

test('a cache goes to a registry and comes back from it', async () => {
  await using registry = await startRegistryProcess();
  const folder = contextOf({
    Dockerfile: `FROM busybox AS one\nRUN echo ${crypto.randomUUID()} > /f\nFROM scratch\nCOPY --from=one /f /f\n`,
  });
  const ref = `${registry.host}/team/cache:1`;
  await build(folder, '--cache-to', `type=registry,ref=${ref},mode=max`, '.');
  await daemon.ok(['builder', 'prune', '-af'], { env: { DOCKER_BUILDKIT: '0' } });
  const again = await build(folder, '--cache-from', ref, '-o', 'out', '.');
  expect(again.err).toMatch(/RUN echo \S+ > \/f\n#\d+ CACHED\n/);
  expect(existsSync(join(folder, 'out/f'))).toBe(true);
  const gone = await build(folder, '--no-cache', '--cache-from', `${registry.host}/team/none:1`, '.');
  expect(gone.status).toBe(0);
}, 60_000);

test('a layout in a folder is a context, by tag and by digest', async () => {
  const folder = contextOf({
    Dockerfile: 'FROM base\nCOPY own /own\n',
    own: 'o',
    'base/Dockerfile': 'FROM scratch\nCOPY f /f\n',
    'base/f': 'f',
  });
  await build(folder, '-t', 'laid:v1', '-o', 'type=oci,dest=base.tar', 'base');
  mkdirSync(join(folder, 'layout'));
  Bun.spawnSync(['tar', '-xf', '../base.tar'], { cwd: join(folder, 'layout') });
  const [manifest] = (
    JSON.parse(readFileSync(join(folder, 'layout/index.json'), 'utf8')) as { manifests: { digest: string }[] }
  ).manifests;
  for (const [index, suffix] of [':v1', `@${manifest?.digest}`].entries()) {
    await build(folder, '--build-context', `base=oci-layout://layout${suffix}`, '-o', `out${index}`, '.');
    expect(readdirSync(join(folder, `out${index}`)).toSorted()).toEqual(['f', 'own']);
  }
  const wrong = await ourDocker(daemon, ['build', '--build-context', 'base=oci-layout://layout:v2', '.'], {
    cwd: folder,
  });
  expect([wrong.status, wrong.err]).toEqual([1, expect.stringContaining('v2')]);
}, 60_000);

test('by the classic request a context is compressed when it is asked for, and images are sources of a cache', async () => {
  const folder = contextOf({
    Dockerfile: 'FROM busybox\nCOPY large /large\nRUN wc -c < /large\n',
    large: 'x'.repeat(3e6),
  });
  const env = { DOCKER_BUILDKIT: '0' };
  const run = async (...flags: readonly string[]) =>
    await ourDocker(daemon, ['build', ...flags, '.'], { cwd: folder, env });
  const plain = await run('-t', 'classic:1', '--cache-from', 'nothing:here');
  expect([plain.status, plain.out]).toEqual([
    0,
    expect.stringMatching(/^Sending build context to Docker daemon\s+3\.\d+MB\n/),
  ]);
  const small = await run('--compress', '--isolation', 'default');
  expect([small.status, small.out]).toEqual([
    0,
    expect.stringMatching(/^Sending build context to Docker daemon\s+\d(?:\.\d+)?kB\n/),
  ]);
  expect(small.out).toContain('Using cache');
  const session = await ourDocker(daemon, ['build', '--compress', '.'], { cwd: folder });
  expect([session.status, session.err]).toEqual([0, expect.stringContaining('WARNING: --compress has no effect')]);
}, 60_000);

test('what the machine cannot do is refused by name, by client and by daemon', async () => {
  const folder = contextOf({ Dockerfile: 'FROM busybox\n' });
  const refusals: readonly (readonly [readonly string[], string, string])[] = [
    [['--squash'], 'only supported on a Docker daemon with experimental features enabled', 'squash=1'],
    [['--isolation', 'hyperv'], 'unsupported isolation: "hyperv"', 'isolation=hyperv'],
  ];
  for (const [flags, problem, query] of refusals) {
    const { status, err } = await ourDocker(daemon, ['build', ...flags, '.'], { cwd: folder });
    expect([status, err]).toEqual([1, expect.stringContaining(problem)]);
    const answer = await fetch(`http://localhost/v1.51/build?${query}`, { method: 'POST', unix: daemon.socket });
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringMatching(/squash is only supported with experimental mode|unsupported isolation/),
    ]);
  }
  const trust = await ourDocker(daemon, ['build', '--disable-content-trust=false', '.'], { cwd: folder });
  expect([trust.status, trust.err]).toEqual([1, expect.stringContaining('content trust is not supported')]);
}, 60_000);
