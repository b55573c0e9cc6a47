import { describe, expect, test } from 'bun:test';
import type { ContainerConfig, Health, HealthConfig, HostConfig } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { FakeMonitor } from '../../../linux/monitor/monitor.fake.ts';
import { formatFrame } from '../frame.ts';
import { createWorld, until, type World } from '../world.fake.ts';

const SECOND = 1_000_000_000;
const TEST: HealthConfig = { Test: ['CMD', 'check', 'it'], Interval: SECOND, Timeout: 2 * SECOND, Retries: 2 };

/** A started container with a health check; the clock has not moved since. */
async function started(
  { Healthcheck = TEST, ...config }: ContainerConfig = {},
  hostConfig: HostConfig = {},
  world: World = createWorld(),
) {
  const id = await world.create({ Healthcheck, ...config }, hostConfig);
  await world.service.start(id);
  const health = async (): Promise<Health | undefined> =>
    (await world.service.inspect(id, { size: false })).State?.Health;
  const launched = (): number => world.monitors.all.length;

  /** Lets an interval pass and returns the probe that runs then. */
  async function nextProbe(ms = 1000): Promise<FakeMonitor> {
    const before = launched();
    world.clock.advance(ms);
    await until(() => launched() > before && world.monitor().state !== 'waiting');
    return world.monitor();
  }

  /** One probe, ended with that code, and the timer set for the next. */
  async function probe(exitCode: number): Promise<void> {
    const last = () => world.containers.context.table.find(id).record.state.health?.log.at(-1);
    const before = last();
    (await nextProbe()).exit({ exitCode });
    await until(() => last() !== before);
  }
  return { world, id, health, launched, nextProbe, probe };
}

describe('probes', () => {
  test('the first comes after one interval, the next one interval after its end', async () => {
    const { world, health, launched, nextProbe } = await started();
    expect(await health()).toEqual({ Status: 'starting', FailingStreak: 0, Log: [] });
    expect(world.clock.pendingMs()).toEqual([1000]);
    world.clock.advance(999);
    expect(launched()).toBe(1);
    const probe = await nextProbe(1);
    world.clock.advance(500);
    expect(launched()).toBe(2);
    probe.exit();
    await until(() => world.clock.pendingMs()[0] === 1000);
    expect((await health())?.Status).toBe('healthy');
  });

  test('run in the container as execs, and tell of themselves and of a change', async () => {
    const { world, id, probe } = await started();
    await probe(0);
    await probe(0);
    const { spec } = world.monitor();
    expect(spec).toMatchObject({ target: { kind: 'exec', id }, tty: false, stdin: false });
    expect(world.actions()).toEqual([
      'create',
      'start',
      'exec_create: check it',
      'exec_start: check it',
      'exec_die',
      'health_status: healthy',
      'exec_create: check it',
      'exec_start: check it',
      'exec_die',
    ]);
  });

  test('failures make it unhealthy after retries, a success heals it', async () => {
    const { world, health, probe } = await started();
    await probe(1);
    expect(await health()).toMatchObject({ Status: 'starting', FailingStreak: 1 });
    await probe(1);
    expect(await health()).toMatchObject({ Status: 'unhealthy', FailingStreak: 2 });
    await probe(0);
    expect(await health()).toMatchObject({ Status: 'healthy', FailingStreak: 0 });
    expect(world.actions().filter((action) => action.startsWith('health_status'))).toEqual([
      'health_status: unhealthy',
      'health_status: healthy',
    ]);
  });

  test('keep 4096 bytes of output', async () => {
    const { health, nextProbe } = await started();
    const probe = await nextProbe();
    probe.attached[0]?.write(formatFrame('stderr', new TextEncoder().encode('bad: ')));
    for (let turn = 0; turn < 100; turn++) probe.attached[0]?.write(formatFrame('stdout', Buffer.alloc(1000, 'x')));
    probe.exit({ exitCode: 3 });
    await until(async () => (await health())?.Log?.length === 1);
    expect((await health())?.Log?.[0]).toMatchObject({ ExitCode: 3, Output: `bad: ${'x'.repeat(4091)}...` });
  });

  test('one that takes too long is killed with its process group and fails', async () => {
    const { world, health, nextProbe } = await started();
    const probe = await nextProbe();
    probe.attached[0]?.write(formatFrame('stdout', new TextEncoder().encode('waiting')));
    await until(() => world.clock.pendingMs()[0] === 2000);
    world.clock.advance(1999);
    expect(probe.signals).toEqual([]);
    world.clock.advance(1);
    await until(async () => (await health())?.Log?.length === 1);
    expect([probe.signals, world.groupsKilled]).toEqual([[9], [probe.pid]]);
    expect((await health())?.Log?.[0]).toMatchObject({
      ExitCode: -1,
      Output: 'Health check exceeded timeout (2s): waiting',
    });
  });

  test('one whose process does not die keeps the next from starting', async () => {
    const { world, health, launched, nextProbe } = await started();
    world.monitors.stubborn.add(9);
    const probe = await nextProbe();
    await until(() => world.clock.pendingMs()[0] === 2000);
    world.clock.advance(60_000);
    await until(() => probe.signals.length > 0);
    world.clock.advance(60_000);
    expect([launched(), (await health())?.Log]).toEqual([2, []]);
    probe.exit();
    await until(async () => (await health())?.Log?.length === 1);
  });

  test("one that cannot be run fails with the runtime's words", async () => {
    const { world, health } = await started();
    const words = 'OCI runtime create failed: exec: "check": executable file not found in $PATH';
    world.monitors.failNext = { go: Object.assign(new KnownError('invalid_parameter', words), { exitCode: 127 }) };
    world.clock.advance(1000);
    await until(async () => (await health())?.Log?.length === 1);
    expect((await health())?.Log?.[0]).toMatchObject({
      ExitCode: -1,
      Output: 'OCI runtime exec failed: exec failed: exec: "check": executable file not found in $PATH',
    });
  });

  test('leave nothing in the daemon', async () => {
    const { world, id, probe } = await started();
    for (let turn = 0; turn < 20; turn++) await probe(turn % 2);
    expect(world.containers.context.execs.size).toBe(0);
    expect((await world.service.inspect(id, { size: false })).ExecIDs).toBeNull();
    expect(world.clock.pendingMs()).toEqual([1000]);
  });

  test('in the start period come at the start interval and do not count until it is healthy', async () => {
    const Healthcheck = { ...TEST, StartPeriod: 10 * SECOND, StartInterval: SECOND / 2, Interval: 3 * SECOND };
    const { world, health, nextProbe } = await started({ Healthcheck });
    for (const exitCode of [1, 1, 1]) {
      (await nextProbe(500)).exit({ exitCode });
      await until(() => world.clock.pendingMs()[0] === 500);
    }
    expect(await health()).toMatchObject({ Status: 'starting', FailingStreak: 0 });
    (await nextProbe(500)).exit();
    await until(() => world.clock.pendingMs()[0] === 3000);
    expect((await health())?.Status).toBe('healthy');
  });

  test('a container without a test, or with NONE, is not probed and has no health', async () => {
    for (const Test of [[], ['NONE']]) {
      const { world, health } = await started({ Healthcheck: { Test } });
      expect([world.clock.pendingMs(), await health()]).toEqual([[], undefined]);
    }
  });
});

describe('what happens to the container', () => {
  test('a pause ends the probe and the probing; it is unhealthy until one succeeds again', async () => {
    const { world, id, health, launched, nextProbe, probe } = await started();
    await probe(0);
    const running = await nextProbe();
    await world.service.pause(id);
    await until(() => running.signals.includes(9));
    world.clock.advance(60_000);
    expect([launched(), await health()]).toEqual([3, expect.objectContaining({ Status: 'unhealthy' })]);
    expect((await health())?.Log).toHaveLength(1);
    await world.service.unpause(id);
    expect((await health())?.Status).toBe('unhealthy');
    await probe(0);
    expect((await health())?.Status).toBe('healthy');
  });

  test('its exit ends the probe that runs; no result of it counts', async () => {
    const { world, id, health, nextProbe } = await started();
    const probe = await nextProbe();
    await world.service.stop(id, {});
    await until(() => probe.state === 'ended');
    expect(await health()).toEqual({ Status: 'unhealthy', FailingStreak: 0, Log: [] });
    expect(world.rows.get(id)?.state.health?.status).toBe('unhealthy');
    expect([world.clock.pendingMs(), world.problems]).toEqual([[], []]);
  });

  test('a restart begins anew and keeps the results', async () => {
    const { world, id, health, probe } = await started();
    await probe(1);
    await probe(1);
    await world.service.restart(id, {});
    expect(await health()).toMatchObject({ Status: 'starting', FailingStreak: 0, Log: [{}, {}] });
    expect(world.clock.pendingMs()).toEqual([1000]);
    await probe(0);
    expect((await health())?.Status).toBe('healthy');
  });

  test('ps tells the health and finds by it', async () => {
    const { world, id, probe } = await started();
    const ps = async (health: string): Promise<readonly (string | undefined)[]> =>
      (await world.service.list({ all: true, size: false, filters: new Map([['health', [health]]]) })).map(
        ({ Status }) => Status,
      );
    await world.create();
    expect(await ps('starting')).toEqual(['Up Less than a second (health: starting)']);
    expect(await ps('none')).toEqual(['Created']);
    await probe(0);
    expect(await ps('healthy')).toEqual([expect.stringMatching(/^Up .* \(healthy\)$/)]);
    await probe(1);
    await probe(1);
    expect(await ps('unhealthy')).toEqual([expect.stringMatching(/^Up .* \(unhealthy\)$/)]);
    await world.service.pause(id);
    expect(await ps('unhealthy')).toEqual([expect.stringMatching(/^Up .* \(Paused\)$/)]);
    expect(await ps('starting')).toEqual([]);
  });

  test('the daemon that leaves it running kills its probe and probes no more', async () => {
    const { world, nextProbe } = await started();
    const probe = await nextProbe();
    world.containers.disconnect();
    await until(() => probe.state === 'ended');
    await world.tasks.idle();
    expect([world.clock.pendingMs(), world.problems]).toEqual([[], []]);
  });

  test('status and streak are on disk at once', async () => {
    const { world, id, probe } = await started();
    const kept = () => world.rows.get(id)?.state.health;
    expect(kept()).toMatchObject({ status: 'starting' });
    await probe(1);
    expect(kept()).toMatchObject({ status: 'starting', failingStreak: 1, log: [{ exitCode: 1 }] });
    await probe(0);
    expect(kept()).toMatchObject({ status: 'healthy', failingStreak: 0, log: [{ exitCode: 1 }, { exitCode: 0 }] });
  });
});

describe('skiff.health-on-failure', () => {
  const labelled = (action: string): ContainerConfig => ({ Labels: { 'skiff.health-on-failure': action } });
  const RETRY: HostConfig = { RestartPolicy: { Name: 'on-failure' } };

  test('none leaves an unhealthy container alone', async () => {
    const { world, id, probe } = await started(labelled('none'));
    for (let turn = 0; turn < 4; turn++) await probe(1);
    expect(await world.status(id)).toBe('running');
  });

  test('kill ends it as a crash would: its restart policy applies', async () => {
    const { world, id, nextProbe, probe } = await started(labelled('kill'), RETRY);
    await probe(1);
    const container = world.monitor(0);
    (await nextProbe()).exit({ exitCode: 1 });
    await until(async () => (await world.status(id)) === 'restarting');
    expect(container.signals).toEqual([9]);
    expect(world.rows.get(id)?.state).toMatchObject({ exitCode: 137, manuallyStopped: false });
    await world.service.stop(id, {});
  });

  test('stop is the stop of a user: no policy brings it back', async () => {
    const { world, id, nextProbe, probe } = await started(labelled('stop'), RETRY);
    await probe(1);
    (await nextProbe()).exit({ exitCode: 1 });
    await until(() => world.actions().includes('stop'));
    expect(world.monitor(0).signals).toEqual([15]);
    expect(world.rows.get(id)?.state).toMatchObject({ status: 'exited', manuallyStopped: true });
  });

  test('restart starts it anew, once', async () => {
    const { world, id, health, nextProbe, probe } = await started(labelled('restart'));
    await probe(1);
    (await nextProbe()).exit({ exitCode: 1 });
    await until(() => world.actions().includes('restart'));
    expect(await world.status(id)).toBe('running');
    expect(await health()).toMatchObject({ Status: 'starting', FailingStreak: 0 });
    await world.tasks.idle();
    expect(world.actions().filter((action) => action === 'start')).toHaveLength(2);
  });

  test('one that could not be stopped yet is not asked twice', async () => {
    const { world, probe } = await started({ ...labelled('stop'), StopTimeout: -1 });
    world.monitors.stubborn.add(15);
    for (let turn = 0; turn < 4; turn++) await probe(1);
    expect(world.monitor(0).signals).toEqual([15]);
    world.monitor(0).exit();
    await until(() => world.actions().includes('stop'));
  });
});
