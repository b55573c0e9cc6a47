import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DebianDaemon, startDebianDaemon } from '../clients/debian-daemon.ts';
import { CONTENT_TAGS, type Contents, putContents } from '../fixtures/contents.ts';
import {
  createBuildah,
  createDocker,
  createPodman,
  createSkopeo,
  type Tool,
  tlsFlags,
  trustIn,
} from '../fixtures/peer-clients.ts';
import { type PeerRegistry, servedDigest, USER } from '../fixtures/peer-registry.ts';
import { createSettings, type Setting } from '../fixtures/peer-settings.ts';
import { digestOf } from '../fixtures/registry.ts';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { findDockerCli } from '../helpers/docker-cli.ts';

/** Everybody's tools against our registry, in every way to let people in, by http and by TLS with a private CA. */
const settings = createSettings('ours', ['anonymous', 'basic', 'own tokens', 'token']);
const etcDocker = mkdtempSync(join(tmpdir(), 'skiff-etc-'));
let ours: TestDaemon;
let debian: DebianDaemon;
beforeAll(async () => {
  [ours, debian] = await Promise.all([startDaemon({ etcDocker }), startDebianDaemon({ etcDocker })]);
}, 60_000);
afterAll(async () => {
  await Promise.all([ours.stop(), debian[Symbol.asyncDispose]()]);
  settings[Symbol.dispose]();
  rmSync(etcDocker, { recursive: true, force: true });
}, 60_000);

async function digestsAt(registry: PeerRegistry, repository: string): Promise<Contents> {
  const pairs = CONTENT_TAGS.map(async (tag) => [tag, await servedDigest(registry, repository, tag)] as const);
  return Object.fromEntries(await Promise.all(pairs)) as Contents;
}

describe.each(settings.all)('our registry, %s', (_name: string, setting: Setting) => {
  let registry: PeerRegistry;
  let theirs: PeerRegistry;
  let contents: Contents;
  beforeAll(async () => {
    [registry, theirs] = await Promise.all([setting.start(), setting.start('docker-registry')]);
    contents = await putContents(registry, 'team/app', 'ours');
  }, 60_000);
  afterAll(async () => {
    await Promise.all([registry[Symbol.asyncDispose](), theirs[Symbol.asyncDispose]()]);
  });

  test.concurrent('skopeo copies to docker-registry, back, and by a folder; syncs, inspects, lists, deletes: one digest at every hop', async () => {
    using skopeo = createSkopeo();
    for (const one of [registry, theirs]) await skopeo.login(one);
    const copy = async (from: PeerRegistry, to: PeerRegistry, source: string, target: string): Promise<void> => {
      const flags = [...tlsFlags(from, 'src-'), ...tlsFlags(to, 'dest-')];
      await skopeo.ok(
        'copy',
        '-q',
        '--all',
        '--preserve-digests',
        ...flags,
        `docker://${from.host}/${source}`,
        `docker://${to.host}/${target}`,
      );
    };
    for (const tag of CONTENT_TAGS) {
      await copy(registry, theirs, `team/app:${tag}`, `their/copy:${tag}`);
      await copy(theirs, registry, `their/copy:${tag}`, `team/back:${tag}`);
    }
    expect(await digestsAt(theirs, 'their/copy')).toEqual(contents);
    expect(await digestsAt(registry, 'team/back')).toEqual(contents);

    const here = `docker://${registry.host}/team`;
    const folder = join(skopeo.folder, 'sync');
    const [from, to] = [tlsFlags(registry, 'src-'), tlsFlags(registry, 'dest-')];
    await skopeo.ok(
      'sync',
      '--all',
      '--preserve-digests',
      ...from,
      '--src',
      'docker',
      '--dest',
      'dir',
      `${registry.host}/team/back`,
      folder,
    );
    await skopeo.ok(
      'sync',
      '--all',
      '--preserve-digests',
      ...to,
      '--src',
      'dir',
      '--dest',
      'docker',
      folder,
      `${registry.host}/synced`,
    );
    expect(await digestsAt(registry, 'synced/back')).toEqual(contents);

    const raw = await skopeo.run('inspect', ...tlsFlags(registry), '--raw', `${here}/app:multi`);
    expect(digestOf(Buffer.from(raw.stdout))).toBe(contents.multi);
    const inspected = await skopeo.ok('inspect', ...tlsFlags(registry), `${here}/app@${contents.docker}`);
    expect(JSON.parse(inspected)).toMatchObject({
      Digest: contents.docker,
      Architecture: 'amd64',
      RepoTags: [...CONTENT_TAGS].sort(),
    });
    await skopeo.ok('delete', ...tlsFlags(registry), `${here}/back:list`);
    const tags = await skopeo.ok('list-tags', ...tlsFlags(registry), `${here}/back`);
    expect(JSON.parse(tags).Tags).not.toContain('list');
  }, 120_000);

  test.concurrent('podman pulls, pushes what it pulled and pulls that by digest', async () => {
    using podman = createPodman();
    await podman.login(registry);
    const image = `${registry.host}/podman/app:1`;
    await podman.ok('pull', '-q', ...tlsFlags(registry), `${registry.host}/team/app:multi`);
    const pulled = await podman.ok(
      'image',
      'inspect',
      '-f',
      '{{json .RepoDigests}}',
      `${registry.host}/team/app:multi`,
    );
    expect(JSON.parse(pulled)).toContain(`${registry.host}/team/app@${contents.multi}`);
    const noted = join(podman.folder, 'digest');
    await podman.ok(
      'push',
      '-q',
      ...tlsFlags(registry),
      '--digestfile',
      noted,
      `${registry.host}/team/app:multi`,
      image,
    );
    const digest = readFileSync(noted, 'utf8');
    expect(await servedDigest(registry, 'podman/app', '1')).toBe(digest);
    await podman.ok('rmi', '-f', '-a');
    await podman.ok('pull', '-q', ...tlsFlags(registry), `${registry.host}/podman/app@${digest}`);
    await podman.ok('pull', '-q', ...tlsFlags(registry), `${registry.host}/team/app@${contents.docker}`);
  }, 120_000);

  test.concurrent('buildah builds and pushes in OCI’s and in Docker’s form; both daemons have the digests it noted', async () => {
    using buildah = createBuildah();
    await buildah.login(registry);
    writeFileSync(join(buildah.folder, 'file'), 'built');
    writeFileSync(join(buildah.folder, 'Dockerfile'), 'FROM scratch\nCOPY file /\n');
    for (const format of ['oci', 'docker']) {
      const image = `${registry.host}/buildah/${format}:1`;
      await buildah.ok('bud', '-q', '--format', format, '--isolation', 'chroot', '-t', image, buildah.folder);
      const noted = join(buildah.folder, 'digest');
      await buildah.ok(
        'push',
        '-q',
        ...tlsFlags(registry),
        '--format',
        format === 'oci' ? 'oci' : 'v2s2',
        '--digestfile',
        noted,
        image,
      );
      const digest = readFileSync(noted, 'utf8');
      expect(await servedDigest(registry, `buildah/${format}`, '1')).toBe(digest);
      for (const daemon of [ours, debian]) {
        using docker = await trusting(registry, daemon.host);
        expect(await docker.ok('pull', image)).toContain(`Digest: ${digest}`);
        await docker.ok('rmi', image);
      }
    }
  }, 120_000);

  test.concurrent('docker on our daemon: what it loaded whole is pushed whole, here and to docker-registry, and pulled from there by its digest', async () => {
    using docker = await trusting(registry, ours.host);
    trustIn(etcDocker, theirs);
    await docker.login(theirs);
    using skopeo = createSkopeo();
    await skopeo.login(registry);
    const archive = join(skopeo.folder, 'multi.tar');
    const [here, there] = [`${registry.host}/docker/app:1`, `${theirs.host}/docker/app:1`];
    const whole = ['copy', '-q', '--all', '--preserve-digests', ...tlsFlags(registry, 'src-')];
    await skopeo.ok(...whole, `docker://${registry.host}/team/app:multi`, `oci-archive:${archive}:${here}`);
    await docker.ok('load', '-q', '-i', archive);
    await docker.ok('tag', here, there);
    for (const name of [here, there])
      expect(await docker.ok('push', name)).toContain(`1: digest: ${contents.multi} size: `);
    for (const one of [registry, theirs]) expect(await servedDigest(one, 'docker/app', '1')).toBe(contents.multi);
    await docker.ok('rmi', '-f', here, there);
    const named = `${theirs.host}/docker/app@${contents.multi}`;
    expect(await docker.ok('pull', named)).toContain(`Digest: ${contents.multi}`);
    await docker.ok('rmi', '-f', named);
    for (const tag of CONTENT_TAGS.filter((one) => one !== 'signature'))
      await pullAndPush(docker, registry, 'ours', tag, contents[tag]);
  }, 120_000);

  test.concurrent('docker on Debian’s daemon: pulls and pushes, and our daemon runs what it pushed', async () => {
    using docker = await trusting(registry, debian.host);
    expect(await docker.ok('pull', `${registry.host}/team/app:multi`)).toContain(`Digest: ${contents.multi}`);
    await docker.ok('rmi', `${registry.host}/team/app:multi`);
    await pullAndPush(docker, registry, 'debian', 'docker', contents.docker);
    const image = `${registry.host}/debian/busybox:1`;
    await docker.ok('tag', 'busybox', image);
    const digest = await pushedDigest(docker, registry, image);
    await docker.ok('rmi', image);
    using mine = await trusting(registry, ours.host);
    expect(await mine.ok('pull', image)).toContain(`Digest: ${digest}`);
    await mine.ok('rmi', image);
  }, 120_000);

  test('nobody pushes without a login, and nobody trusts a CA of which it was not told', async () => {
    const image = `${registry.host}/nobody/app:1`;
    using skopeo = createSkopeo();
    using podman = createPodman();
    await podman.login(registry);
    await podman.ok('pull', '-q', ...tlsFlags(registry), `${registry.host}/team/app:docker`);
    if (setting.auth !== 'anonymous') {
      const flags = [...tlsFlags(registry, 'src-'), ...tlsFlags(registry, 'dest-')];
      const refused = await skopeo.run(
        'copy',
        '-q',
        ...flags,
        `docker://${registry.host}/team/app:docker`,
        `docker://${image}`,
      );
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toMatch(/unauthorized|authentication required/);
      await podman.ok('logout', registry.host);
      const pushed = await podman.run('push', '-q', ...tlsFlags(registry), `${registry.host}/team/app:docker`, image);
      expect([pushed.exitCode === 0, /unauthorized|authentication required/.test(pushed.stderr)]).toEqual([
        false,
        true,
      ]);
      for (const daemon of [ours, debian]) {
        using docker = createDocker(findDockerCli().path, daemon.host);
        trustIn(etcDocker, registry);
        await docker.ok('tag', 'busybox', image);
        const push = await docker.run('push', image);
        expect([push.exitCode, push.stderr]).toEqual([
          1,
          expect.stringMatching(/no basic auth credentials|unauthorized|authentication required|denied/),
        ]);
        await docker.ok('rmi', image);
      }
    }
    if (setting.tls) {
      rmSync(join(etcDocker, 'certs.d', registry.host), { recursive: true, force: true });
      for (const daemon of [ours, debian]) {
        using docker = createDocker(findDockerCli().path, daemon.host);
        const pull = await docker.run('pull', `${registry.host}/team/app:multi`);
        expect([pull.exitCode, pull.stderr]).toEqual([
          1,
          expect.stringContaining('x509: certificate signed by unknown authority'),
        ]);
      }
      for (const tool of [skopeo, podman]) {
        const login = await tool.run('login', '-u', USER.name, '-p', USER.password, registry.host);
        expect(login.stderr).toContain('x509: certificate signed by unknown authority');
      }
    }
    expect((await registry.fetch('/v2/nobody/app/tags/list')).status).toBe(404);
  }, 60_000);
});

/** The unmodified client, logged in, on a daemon that trusts the registry. */
async function trusting(registry: PeerRegistry, host: string): Promise<Tool> {
  mkdirSync(join(etcDocker, 'certs.d'), { recursive: true });
  trustIn(etcDocker, registry);
  const docker = createDocker(findDockerCli().path, host);
  await docker.login(registry);
  return docker;
}

async function pushedDigest(docker: Tool, registry: PeerRegistry, image: string): Promise<string> {
  const digest = /digest: (sha256:[0-9a-f]{64})/.exec(await docker.ok('push', image))?.[1] ?? 'none';
  const [, repository = '', tag = ''] = /^[^/]+\/(.+):([^:]+)$/.exec(image) ?? [];
  expect(await servedDigest(registry, repository, tag)).toBe(digest);
  return digest;
}

async function pullAndPush(
  docker: Tool,
  registry: PeerRegistry,
  who: string,
  tag: string,
  digest: string,
): Promise<void> {
  const [from, to] = [`${registry.host}/team/app:${tag}`, `${registry.host}/pushed-${who}/${tag}:1`];
  expect(await docker.ok('pull', from)).toContain(`Digest: ${digest}`);
  await docker.ok('tag', from, to);
  await pushedDigest(docker, registry, to);
  await docker.ok('rmi', from, to);
}
