import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly {
    readonly Start: string;
    readonly End: string;
    readonly ExitCode: number;
    readonly Output: string;
  }[];
}

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    if (await check()) return;
    await Bun.sleep(20);
  }
  throw new Error(`never: ${what}\n${daemon.log()}`);
}

async function healthOf(name: string): Promise<Health> {
  return JSON.parse(await daemon.ok(['inspect', '-f', '{{json .State.Health}}', name])) as Health;
}

async function untilHealth(name: string, status: string): Promise<Health> {
  await until(`${name} is ${status}`, async () => (await healthOf(name)).Status === status);
  return await healthOf(name);
}

const statusOf = (name: string): Promise<string> =>
  daemon.ok(['ps', '-a', '--filter', `name=${name}`, '--format', '{{.Status}}']);

/** Runs `sleep 1000` and probes it every 100 ms. */
async function run(name: string, probe: string, ...flags: readonly string[]): Promise<void> {
  const health = ['--health-cmd', probe, '--health-interval', '100ms', '--health-retries', '2'];
  await daemon.ok([
    'run',
    '-d',
    '--name',
    name,
    '--stop-timeout',
    '0',
    ...health,
    ...flags,
    'busybox',
    'sleep',
    '1000',
  ]);
}

/** Pids on this machine of processes whose command line has `text` in it. */
function processesWith(text: string): readonly string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

test('a container is starting, healthy and unhealthy as its probe ends, in inspect, ps, its filter and events', async () => {
  const ok: TestDaemon['ok'] = (...args) => daemon.ok(...args);
  await run('web', 'test -e /tmp/ok && echo fine', '--health-start-period', '1h', '--health-start-interval', '100ms');
  expect((await healthOf('web')).Status).toBe('starting');
  expect(await statusOf('web')).toMatch(/^Up .*\(health: starting\)$/);
  await until('three failures in the start period', async () => (await healthOf('web')).Log.length >= 3);
  expect(await healthOf('web')).toMatchObject({ Status: 'starting', FailingStreak: 0 });

  await ok(['exec', 'web', 'touch', '/tmp/ok']);
  const healthy = await untilHealth('web', 'healthy');
  expect(healthy.FailingStreak).toBe(0);
  const last = healthy.Log.at(-1);
  expect(last).toMatchObject({ ExitCode: 0, Output: 'fine\n' });
  expect(Date.parse(last?.End ?? '')).toBeGreaterThan(Date.parse(last?.Start ?? ''));
  expect(await statusOf('web')).toMatch(/^Up .*\(healthy\)$/);
  expect(await ok(['ps', '--filter', 'health=healthy', '--format', '{{.Names}}'])).toBe('web');
  expect(await ok(['ps', '--filter', 'health=unhealthy', '--format', '{{.Names}}'])).toBe('');

  await ok(['exec', 'web', 'rm', '/tmp/ok']);
  const unhealthy = await untilHealth('web', 'unhealthy');
  expect(unhealthy.FailingStreak).toBeGreaterThanOrEqual(2);
  expect(unhealthy.Log.length).toBe(5);
  expect(await statusOf('web')).toMatch(/^Up .*\(unhealthy\)$/);

  // `--until` counts in whole seconds.
  const told = (event: string, format: string): Promise<string> =>
    ok([
      'events',
      '--filter',
      'container=web',
      '--filter',
      `event=${event}`,
      '--since',
      '10m',
      '--until',
      '0s',
      '--format',
      format,
    ]);
  const changes = 'health_status: healthy busybox\nhealth_status: unhealthy busybox';
  await until(
    'both changes',
    async () => (await told('health_status', '{{.Action}} {{.Actor.Attributes.image}}')) === changes,
  );
  expect(await told('exec_die', '{{.Actor.Attributes.exitCode}}')).toMatch(/^[01]\n/);
  await ok(['rm', '-f', 'web']);
}, 120_000);

test('a probe that takes too long is killed with what it has started', async () => {
  await run('slow', 'echo begun; sleep 98761; echo ended', '--health-timeout', '300ms');
  const { Log } = await untilHealth('slow', 'unhealthy');
  expect(Log[0]).toMatchObject({ ExitCode: -1, Output: 'Health check exceeded timeout (300ms): begun\n' });
  await daemon.ok(['pause', 'slow']);
  await daemon.ok(['unpause', 'slow']);
  await until('at most one probe is alive', async () => processesWith('98761').length <= 2);
  await daemon.ok(['stop', 'slow']);
  expect(processesWith('98761')).toEqual([]);
  expect(await statusOf('slow')).toMatch(/^Exited \(137\)/);
  await daemon.ok(['rm', 'slow']);
}, 60_000);

test('stop, pause and restart: nobody probes what does not run, and a start begins anew', async () => {
  const ok: TestDaemon['ok'] = (...args) => daemon.ok(...args);
  await run('life', 'echo x >> /tmp/probes');
  await untilHealth('life', 'healthy');
  await ok(['pause', 'life']);
  const { Status, Log } = await healthOf('life');
  expect([Status, await statusOf('life')]).toEqual(['unhealthy', expect.stringMatching(/\(Paused\)$/)]);
  await ok(['unpause', 'life']);
  await untilHealth('life', 'healthy');
  expect((await healthOf('life')).Log.at(-1)?.Start).not.toBe(Log.at(-1)?.Start);
  await ok(['stop', 'life']);
  expect((await healthOf('life')).Status).toBe('unhealthy');
  await ok(['start', 'life']);
  await untilHealth('life', 'healthy');
  await ok(['restart', 'life']);
  await untilHealth('life', 'healthy');
  await ok(['rm', '-f', 'life']);
}, 60_000);

test("output is cut after 4096 bytes; a command that is not there tells the runtime's reason", async () => {
  await run('loud', 'yes | head -c 5000000; echo end >&2; exit 3');
  const loud = await untilHealth('loud', 'unhealthy');
  expect(loud.Log[0]).toMatchObject({ ExitCode: 3, Output: `${'y\n'.repeat(2048)}...` });
  const body = {
    Image: 'busybox',
    Cmd: ['sleep', '1000'],
    Healthcheck: { Test: ['CMD', '/no/such'], Interval: 1e8, Retries: 1 },
  };
  const made = await fetch('http://localhost/containers/create?name=absent', {
    unix: daemon.socket,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(made.status).toBe(201);
  await daemon.ok(['start', 'absent']);
  const absent = await untilHealth('absent', 'unhealthy');
  expect(absent.Log[0]).toMatchObject({
    ExitCode: -1,
    Output: expect.stringMatching(/^OCI runtime exec failed: exec failed: .*\/no\/such/),
  });
  await daemon.ok(['rm', '-f', 'loud', 'absent']);
}, 60_000);

test("an image's health check is merged with the flags, and --no-healthcheck turns it off", async () => {
  const ok: TestDaemon['ok'] = (...args) => daemon.ok(...args);
  await ok(['create', '--name', 'base', 'busybox', 'true']);
  const rootfs = `${daemon.root}/rootfs.tar`;
  await Bun.write(rootfs, new Uint8Array(1024));
  await ok(['import', '-c', 'HEALTHCHECK --interval=7s --retries=9 CMD of-image', rootfs, 'checked']);
  const config = async (name: string) =>
    JSON.parse(await ok(['inspect', '-f', '{{json .Config.Healthcheck}}', name])) as Record<string, unknown>;
  await ok(['create', '--name', 'merged', '--health-interval', '3s', 'checked', 'x']);
  expect(await config('merged')).toMatchObject({ Test: ['CMD-SHELL', 'of-image'], Interval: 3e9, Retries: 9 });
  await ok(['create', '--name', 'off', '--no-healthcheck', 'checked', 'x']);
  expect((await config('off'))['Test']).toEqual(['NONE']);
  await ok(['run', '-d', '--name', 'unprobed', '--no-healthcheck', 'busybox', 'sleep', '1000']);
  expect(await healthOf('unprobed')).toBeNull();
  expect(await statusOf('unprobed')).not.toContain('health');
  expect(await ok(['ps', '--filter', 'health=none', '--format', '{{.Names}}'])).toBe('unprobed');
  await ok(['rm', '-f', 'base', 'merged', 'off', 'unprobed']);
}, 60_000);

test('skiff.health-on-failure restarts, stops or kills what is unhealthy', async () => {
  const state = (name: string): Promise<string> =>
    daemon.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}', name]);
  const label = (action: string): readonly string[] => ['--label', `skiff.health-on-failure=${action}`];
  const refused = await daemon.docker(['create', ...label('explode'), 'busybox']);
  expect([refused.exitCode, refused.stderr]).toEqual([
    1,
    expect.stringContaining('use one of none, kill, restart, stop'),
  ]);

  await run('stops', 'exit 1', '--restart', 'always', ...label('stop'));
  await run('killed', 'exit 1', ...label('kill'));
  await run('again', 'exit 1', '--restart', 'always', ...label('kill'));
  await run('restarts', 'test -e /tmp/ok', ...label('restart'));
  const firstPid = await daemon.ok(['inspect', '-f', '{{.State.Pid}}', 'restarts']);
  await until('stopped', async () => (await state('stops')) === 'exited 137 0');
  await until('killed', async () => (await state('killed')) === 'exited 137 0');
  await until('its policy brings it back', async () => Number((await state('again')).split(' ')[2]) > 0);
  await until(
    'another process',
    async () => !['0', firstPid].includes(await daemon.ok(['inspect', '-f', '{{.State.Pid}}', 'restarts'])),
  );
  await daemon.ok(['rm', '-f', 'stops', 'killed', 'again', 'restarts']);
}, 60_000);

test('after SIGKILL of the daemon the next one goes on probing the same process, and ends the probe that was left', async () => {
  const ok: TestDaemon['ok'] = (...args) => daemon.ok(...args);
  await run('kept', 'test ! -e /tmp/bad');
  await run('hangs', 'sleep 98762; echo ended', '--health-timeout', '1h');
  await untilHealth('kept', 'healthy');
  const pid = await ok(['inspect', '-f', '{{.State.Pid}} {{.State.StartedAt}}', 'kept']);
  await until('a probe hangs', async () => processesWith('98762').length > 0);
  const left = processesWith('98762');

  await daemon.kill9();
  await daemon.restart();

  expect(await ok(['inspect', '-f', '{{.State.Pid}} {{.State.StartedAt}}', 'kept'])).toBe(pid);
  expect((await healthOf('kept')).Status).toBe('healthy');
  await until('the left probe is gone', async () => left.every((found) => !processesWith('98762').includes(found)));
  await until('a new probe', async () => processesWith('98762').length > 0);
  await ok(['exec', 'kept', 'touch', '/tmp/bad']);
  await untilHealth('kept', 'unhealthy');
  await ok(['exec', 'kept', 'rm', '/tmp/bad']);
  await untilHealth('kept', 'healthy');
  await ok(['rm', '-f', 'kept', 'hangs']);
  expect(processesWith('98762')).toEqual([]);
}, 120_000);
