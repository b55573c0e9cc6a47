import { expect, test } from 'bun:test';
import { createFakeMonitor } from '../../linux/monitor/monitor.fake.ts';
import type { MonitorSpec } from '../../linux/monitor/monitor.ts';
import { finishRemovals, recoverContainers, sweepOrphans, watchRecovered } from './recover.ts';
import { createWorld, until } from './world.fake.ts';

const SPEC: MonitorSpec = {
  dir: '/x',
  target: { kind: 'container', id: 'x', bundle: '/x' },
  runtime: [],
  tty: false,
  stdin: false,
  stdinOnce: false,
};

test('a container whose monitor runs is running with its true start time, and its exit is seen', async () => {
  const before = createWorld();
  const id = await before.create();
  await before.service.start(id);
  const world = before.again();
  const monitor = createFakeMonitor(SPEC, 100, new Set(), {});
  const { pid, startedAt } = await monitor.session.go();
  world.monitors.found.set(world.bundles.paths(id).monitor, {
    kind: 'running',
    session: monitor.session,
    pid,
    startedAt,
  });
  expect(await recoverContainers(world.containers.context)).toEqual({ running: [id], toStart: [], toRemove: [] });
  watchRecovered(world.containers.context, [id]);
  expect((await world.service.inspect(id, { size: false })).State).toMatchObject({ Status: 'running', Pid: 100 });
  monitor.exit({ exitCode: 4 });
  await until(async () => (await world.status(id)) === 'exited');
  expect(world.rows.get(id)?.state.exitCode).toBe(4);
});

test('one that stood still for the engine and cannot be continued is told of, and keeps no other from being found', async () => {
  const before = createWorld();
  const ids = [await before.create(), await before.create()];
  for (const id of ids) await before.service.start(id);
  const world = before.again();
  for (const [at, id] of ids.entries()) {
    const { session } = createFakeMonitor(SPEC, 100 + at, new Set(), {});
    const running = { kind: 'running', session, ...(await session.go()) } as const;
    world.monitors.found.set(world.bundles.paths(id).monitor, running);
  }
  const { context } = world.containers;
  const stuck = async (): Promise<never> => await Promise.reject(new Error('stuck'));
  const recovered = await recoverContainers({
    ...context,
    bundles: { ...context.bundles, isHalted: (id) => id === ids[0] },
    cgroups: { ...context.cgroups, freeze: stuck },
  });
  expect(recovered.running.toSorted()).toEqual(ids.toSorted());
  expect(world.problems).toEqual([`continuing container ${ids[0]}: Error: stuck`]);
});

test('one that ended meanwhile has the right code and time and follows its policy', async () => {
  const before = createWorld();
  const id = await before.create({}, { RestartPolicy: { Name: 'always' } });
  await before.service.start(id);
  const world = before.again();
  const finishedAt = new Date(Date.now() + 5000);
  world.monitors.found.set(world.bundles.paths(id).monitor, {
    kind: 'exited',
    report: { exitCode: 9, oomKilled: false, startedAt: new Date(), finishedAt },
  });
  await recoverContainers(world.containers.context);
  expect(world.rows.get(id)?.state).toMatchObject({
    status: 'restarting',
    exitCode: 9,
    finishedAt: finishedAt.toISOString(),
  });
  await world.service.stop(id, {});
});

test('one that started when the daemon died before keeping it is running', async () => {
  const before = createWorld();
  const id = await before.create();
  const world = before.again();
  const monitor = createFakeMonitor(SPEC, 100, new Set(), {});
  const { pid, startedAt } = await monitor.session.go();
  world.monitors.found.set(world.bundles.paths(id).monitor, {
    kind: 'running',
    session: monitor.session,
    pid,
    startedAt,
  });
  await recoverContainers(world.containers.context);
  expect(await world.status(id)).toBe('running');
  expect(world.rows.get(id)?.state).toMatchObject({ status: 'running', pid: 100 });
});

test('a vanished monitor is exit code 137', async () => {
  const before = createWorld();
  const id = await before.create();
  await before.service.start(id);
  const world = before.again();
  await recoverContainers(world.containers.context);
  expect(world.rows.get(id)?.state).toMatchObject({ status: 'exited', exitCode: 137, pid: 0 });
});

test('always and unless-stopped come back as their rules say', async () => {
  const before = createWorld();
  const always = await before.create({}, { RestartPolicy: { Name: 'always' } });
  const unless = await before.create({}, { RestartPolicy: { Name: 'unless-stopped' } });
  const created = await before.create({}, { RestartPolicy: { Name: 'always' } });
  for (const id of [always, unless]) {
    await before.service.start(id);
    await before.service.stop(id, {});
  }
  const world = before.again();
  expect((await recoverContainers(world.containers.context)).toStart).toEqual([always]);
  expect(await world.status(created)).toBe('created');
});

test('a daemon that goes down stops containers, and the next one starts them again', async () => {
  const before = createWorld();
  const id = await before.create({}, { RestartPolicy: { Name: 'unless-stopped' } });
  await before.service.start(id);
  await before.containers.shutdown(1000);
  expect(before.rows.get(id)?.state).toMatchObject({ status: 'exited', manuallyStopped: false });
  const world = before.again();
  expect((await recoverContainers(world.containers.context)).toStart).toEqual([id]);
});

test('ended auto-remove containers and half removals go, and files without a record are swept', async () => {
  const before = createWorld();
  const id = await before.create({}, { AutoRemove: true });
  await before.service.start(id);
  const world = before.again();
  world.writable.add('orphan');
  world.bundles.kept.add('orphan');
  world.bundles.runs.add('orphan');
  const { toRemove } = await recoverContainers(world.containers.context);
  await finishRemovals(world.containers.context, toRemove);
  await sweepOrphans(world.containers.context);
  expect([world.rows.size, world.writable.size, world.bundles.kept.size, world.bundles.runs.size]).toEqual([
    0, 0, 0, 0,
  ]);
});

test('what a start or a release that a power cut ended leaves of a run is ended, though its record knows of none', async () => {
  const before = createWorld();
  const cutOff = await before.create();
  const neverRan = await before.create();
  const world = before.again();
  world.bundles.runs.add(cutOff.slice(0, 24));
  await recoverContainers(world.containers.context);
  expect(world.cgroupsKilled).toEqual([`/docker/${cutOff}`]);
  expect(await world.status(cutOff)).toBe('created');
  expect(await world.status(neverRan)).toBe('created');
});

test('runs without a record are ended when a folder or a runtime of ours knows them: others may be below the same cgroup', async () => {
  const world = createWorld();
  const [ran, going, foreign] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];
  world.cgroupsThere.push(ran, going, foreign);
  world.bundles.runs.add(ran.slice(0, 24));
  world.runtimeStates.push({ runtime: 'crun', id: going });
  await sweepOrphans(world.containers.context);
  const { cgroupParent } = world.deps.settings;
  expect(world.cgroupsKilled).toEqual([`${cgroupParent}/${ran}`, `${cgroupParent}/${going}`]);
  expect(world.runtimeStates).toEqual([]);
});
