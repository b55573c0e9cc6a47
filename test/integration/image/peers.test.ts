import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CONTENT_TAGS, type Contents, putContents } from '../../fixtures/contents.ts';
import { createDocker, createSkopeo, type Tool, tlsFlags, trustIn } from '../../fixtures/peer-clients.ts';
import { type PeerRegistry, servedDigest } from '../../fixtures/peer-registry.ts';
import { createSettings, type Setting } from '../../fixtures/peer-settings.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** Our client on our daemon against Debian's docker-registry, in every way to let people in. */
const settings = createSettings('docker-registry', ['anonymous', 'basic', 'token']);
const etcDocker = mkdtempSync(join(tmpdir(), 'skiff-etc-'));
let daemon: TestDaemon;
beforeAll(async () => {
  mkdirSync(join(etcDocker, 'certs.d'));
  daemon = await startDaemon({ etcDocker });
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  settings[Symbol.dispose]();
  rmSync(etcDocker, { recursive: true, force: true });
}, 60_000);

function client(): Tool {
  return createDocker(resolve(import.meta.dirname, '../../../bin/docker'), daemon.host);
}

describe.each(settings.all)('our client and daemon with docker-registry, %s', (_name: string, setting: Setting) => {
  let registry: PeerRegistry;
  let contents: Contents;
  beforeAll(async () => {
    registry = await setting.start();
    contents = await putContents(registry, 'team/app', 'theirs');
    trustIn(etcDocker, registry);
  }, 60_000);
  afterAll(async () => await registry[Symbol.asyncDispose]());

  test('pulls by tag and digest, OCI and Docker types; pushes what it pulled, of each kind, with the digest it says', async () => {
    using docker = client();
    await docker.login(registry);
    for (const tag of CONTENT_TAGS.filter((one) => one !== 'signature')) {
      const [image, pushed] = [`${registry.host}/team/app:${tag}`, `${registry.host}/pushed/${tag}:1`];
      expect(await docker.ok('pull', image)).toContain(`Digest: ${contents[tag]}\n`);
      expect(await docker.ok('inspect', '-f', '{{json .RepoDigests}}', image)).toContain(contents[tag]);
      await docker.ok('tag', image, pushed);
      const digest = /^1: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(await docker.ok('push', pushed))?.[1];
      expect(await servedDigest(registry, `pushed/${tag}`, '1')).toBe(digest ?? 'none');
      await docker.ok('rmi', '-f', image, pushed);
      await docker.ok('pull', '-q', `${registry.host}/pushed/${tag}@${digest}`);
      await docker.ok('rmi', '-f', `${registry.host}/pushed/${tag}@${digest}`);
    }
  }, 60_000);

  test('each platform of an index is pulled: layers of gzip, of zstd and plain ones', async () => {
    using docker = client();
    await docker.login(registry);
    const image = `${registry.host}/team/app:multi`;
    for (const architecture of ['amd64', 'arm64', 's390x']) {
      await docker.ok('pull', '-q', '--platform', `linux/${architecture}`, image);
      expect(await docker.ok('image', 'inspect', '-f', '{{.Architecture}}', image)).toBe(architecture);
      const container = await docker.ok('create', '--platform', `linux/${architecture}`, image);
      for (const layer of ['layer-0', 'layer-1'])
        expect(await docker.ok('cp', `${container}:/${layer}`, '-')).toContain(`theirs ${architecture}`);
      await docker.ok('rm', container);
      await docker.ok('rmi', '-f', image);
    }
  }, 60_000);

  test('an index that was loaded with attestation and all is pushed whole, and is the same after save and load', async () => {
    using docker = client();
    await docker.login(registry);
    using skopeo = createSkopeo();
    await skopeo.login(registry);
    const [archive, saved] = [join(skopeo.folder, 'a.tar'), join(skopeo.folder, 'b.tar')];
    const image = `${registry.host}/whole/app:1`;
    const whole = ['copy', '-q', '--all', '--preserve-digests', ...tlsFlags(registry, 'src-')];
    await skopeo.ok(...whole, `docker://${registry.host}/team/app:multi`, `oci-archive:${archive}:${image}`);
    for (const file of [archive, saved]) {
      await docker.ok('load', '-q', '-i', file);
      expect(await docker.ok('push', '-q', image)).toBe(image);
      expect(await servedDigest(registry, 'whole/app', '1')).toBe(contents.multi);
      if (file === archive) await docker.ok('save', '-o', saved, image);
      await docker.ok('rmi', '-f', image);
    }
  }, 60_000);

  test('push needs a login, a wrong CA is told', async () => {
    using docker = client();
    const image = `${registry.host}/nobody/app:1`;
    if (setting.auth !== 'anonymous') {
      await docker.ok('tag', 'busybox', image);
      const push = await docker.run('push', image);
      expect([push.exitCode, push.stderr]).toEqual([
        1,
        expect.stringMatching(/no basic auth credentials|unauthorized|denied/),
      ]);
      await docker.ok('rmi', image);
    }
    rmSync(join(etcDocker, 'certs.d', registry.host), { recursive: true, force: true });
    const pull = await docker.run('pull', `${registry.host}/nobody/app:1`);
    expect([pull.exitCode, pull.stderr]).toEqual([
      1,
      setting.tls
        ? `Error response from daemon: Get "https://${registry.host}/v2/nobody/app/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority\n`
        : expect.stringMatching(/manifest unknown|not found|no basic auth credentials|unauthorized|denied/),
    ]);
  }, 60_000);
});
