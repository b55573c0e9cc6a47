/** Devices that files of vendors tell of: in containers of the unmodified client, and in steps of builds. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { ourDocker } from '../build/our-client.ts';

const root = mkdtempSync('/tmp/skcdi-');
let daemon: TestDaemon;

beforeAll(async () => {
  const [vendor, near] = [join(root, 'vendor'), join(root, 'near')];
  for (const folder of [vendor, near, join(root, 'context')]) mkdirSync(folder);
  writeFileSync(join(root, 'library'), 'of the host\n');
  writeFileSync(join(root, 'hook'), `#!/bin/sh\ncat > ${root}/state\necho "$1 $WHERE" >> ${root}/hooks\n`);
  chmodSync(join(root, 'hook'), 0o755);
  const hook = (hookName: string) => ({
    hookName,
    path: join(root, 'hook'),
    args: ['hook', hookName],
    env: ['WHERE=here'],
  });
  const spec = {
    cdiVersion: '0.6.0',
    kind: 'skiff.test/dev',
    containerEdits: {
      env: ['SKIFF_ALL=yes'],
      mounts: [{ hostPath: join(root, 'library'), containerPath: '/opt/lib/library', options: ['ro', 'bind'] }],
    },
    devices: [
      {
        name: 'zero',
        containerEdits: {
          env: ['SKIFF_ZERO=1'],
          deviceNodes: [{ path: '/dev/skiff-zero', hostPath: '/dev/zero', permissions: 'rw' }],
          additionalGids: [4242],
        },
      },
      { name: 'hooked', containerEdits: { hooks: [hook('createRuntime'), hook('poststop')] } },
    ],
  };
  writeFileSync(join(vendor, 'skiff.json'), JSON.stringify(spec));
  writeFileSync(join(vendor, 'broken.json'), '{');
  writeFileSync(
    join(near, 'near.yaml'),
    'cdiVersion: 0.6.0\nkind: skiff.test/near\ndevices:\n- name: x\n  containerEdits:\n    env: [ NEAR=x ]\n',
  );
  daemon = await startDaemon({ flags: ['--cdi-spec-dir', vendor, '--cdi-spec-dir', near] });
}, 120_000);

afterAll(async () => {
  await daemon.stop();
  rmSync(root, { recursive: true, force: true });
}, 120_000);

test('info tells the folders, and the devices that they hold now', async () => {
  const info = async (version: string) =>
    (await (await fetch(`http://d/${version}/info`, { unix: daemon.socket })).json()) as Record<string, unknown>;
  const { CDISpecDirs, DiscoveredDevices } = await info('v1.51');
  expect(CDISpecDirs).toEqual([join(root, 'vendor'), join(root, 'near')]);
  const ids = ['skiff.test/dev=hooked', 'skiff.test/dev=zero', 'skiff.test/near=x'];
  expect(DiscoveredDevices).toEqual(ids.map((ID) => ({ Source: 'cdi', ID })));
  expect(await info('v1.49')).not.toHaveProperty('DiscoveredDevices');
});

const SHOW =
  'head -c 2 /dev/skiff-zero | wc -c; echo "$SKIFF_ALL $SKIFF_ZERO $NEAR"; cat /opt/lib/library; id -G | tr " " "\\n" | grep 4242; ! echo > /opt/lib/library';

test('a container has the nodes, variables, mounts and groups of its devices', async () => {
  const flags = ['--device', 'skiff.test/dev=zero', '--device', 'skiff.test/near=x'];
  expect(await daemon.ok(['run', '--rm', ...flags, 'busybox', 'sh', '-c', `${SHOW} 2>/dev/null`])).toBe(
    '2\nyes 1 x\nof the host\n4242',
  );
}, 60_000);

test('hooks run at their moments, with the container’s state', async () => {
  expect(await daemon.ok(['run', '--rm', '--device', 'skiff.test/dev=hooked', 'busybox', 'true'])).toBe('');
  const hooks = (): string => (existsSync(join(root, 'hooks')) ? readFileSync(join(root, 'hooks'), 'utf8') : '');
  while (hooks().split('\n').length < 3) await Bun.sleep(20);
  expect(hooks()).toBe('createRuntime here\npoststop here\n');
  expect(JSON.parse(readFileSync(join(root, 'state'), 'utf8'))).toMatchObject({ id: expect.any(String) });
}, 60_000);

test('a device that no file tells of is an error that says so, and what is wrong with a file; nothing runs', async () => {
  const { exitCode, stderr } = await daemon.docker([
    'run',
    '--rm',
    '--device',
    'skiff.test/dev=none',
    'busybox',
    'true',
  ]);
  expect([exitCode, stderr]).toEqual([
    125,
    expect.stringContaining('CDI device injection failed: unresolvable CDI devices skiff.test/dev=none'),
  ]);
  expect(stderr).toContain('broken.json');
  expect(await daemon.ok(['ps', '-aq'])).toBe('');
}, 60_000);

test('a RUN has the devices that the client allows, and is cached by their names', async () => {
  const cwd = join(root, 'context');
  const run = async (line: string, ...flags: readonly string[]) => {
    writeFileSync(join(cwd, 'Dockerfile'), `FROM busybox\n${line}\n`);
    return await ourDocker(daemon, ['build', '--progress', 'plain', ...flags, '.'], { cwd });
  };
  const line = `RUN --device=skiff.test/dev=zero,required --device=skiff.test/none ${SHOW}`;
  const refused = await run(line);
  expect([refused.status, refused.err]).toEqual([
    1,
    expect.stringContaining('device skiff.test/dev=zero is requested by the build but not allowed'),
  ]);
  const done = await run(line, '--allow', 'device=skiff.test/dev=zero');
  expect([done.status, done.err]).toEqual([0, expect.stringMatching(/ 2\n.* yes 1 \n.* of the host\n.* 4242\n/)]);
  expect((await run(line, '--allow', 'device')).err).toContain('CACHED');
  const other = await run(line.replace('=zero', ''), '--allow', 'device');
  expect([other.status, other.err.includes('CACHED')]).toEqual([0, false]);
  const missing = await run('RUN --device=skiff.test/none,required true', '--allow', 'device');
  expect(missing.err).toContain('required device "skiff.test/none" is not registered');
}, 60_000);
