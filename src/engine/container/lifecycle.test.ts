import { describe, expect, test } from 'bun:test';
import type { HostConfig } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import { createWorld, until } from './world.fake.ts';

const forever = new AbortController().signal;

/** A failure of the runtime as the monitor's side reports it. */
function runtimeError(exitCode: number): Error {
  return Object.assign(new KnownError('invalid_parameter', 'exec: "nope": executable file not found in $PATH'), {
    exitCode,
  });
}

describe('create', () => {
  test('keeps a merged record with defaults and tells of it', async () => {
    const world = createWorld();
    const id = await world.create({ Env: ['A=1'] }, {}, 'web');
    const shown = await world.service.inspect('web', { size: false });
    expect(shown).toMatchObject({
      Id: id,
      Name: '/web',
      Path: 'sh',
      Config: { Env: ['A=1', 'PATH=/bin'], Hostname: id.slice(0, 12) },
      HostConfig: { NetworkMode: 'bridge', ShmSize: 67_108_864, Runtime: 'crun' },
      State: { Status: 'created', Running: false },
    });
    expect(world.actions()).toEqual(['create']);
  });

  test('refuses a taken name in the words clients know', async () => {
    const world = createWorld();
    const id = await world.create({}, {}, 'web');
    await expect(world.create({}, {}, 'web')).rejects.toThrow(
      `Conflict. The container name "/web" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  });

  test('warns of what the daemon does not hold and the kernel cannot do', async () => {
    const create = async (hostConfig: HostConfig): Promise<readonly string[] | undefined> => {
      const { service } = createWorld();
      return (await service.create({ config: { Image: 'busybox' }, hostConfig, networkingConfig: {} })).Warnings;
    };
    const warning = 'The daemon itself does not hold CAP_SYS_RESOURCE: the container runs without.';
    expect(await create({ Privileged: true })).toEqual([warning]);
    expect(await create({ CapAdd: ['sys_resource'] })).toEqual([warning]);
    expect(await create({ CapAdd: ['ALL'], CapDrop: ['SYS_RESOURCE'] })).toEqual([]);
    expect(await create({ BlkioWeight: 100 })).toEqual([
      'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
    ]);
  });

  test('a failure leaves no record, layer, folder or volume', async () => {
    const world = createWorld();
    world.fail.createWritable = true;
    await expect(world.create({ Volumes: { '/data': {} } }, { Binds: ['named:/n'] })).rejects.toThrow('disk is full');
    expect([world.rows.size, world.writable.size, world.bundles.kept.size, world.volumes.all.size]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test('an unknown image is not found', async () => {
    await expect(createWorld().create({ Image: 'nope' })).rejects.toThrow('No such image: nope');
  });
});

describe('start', () => {
  test('connects waiting attachers before the process runs', async () => {
    const world = createWorld();
    const id = await world.create({ OpenStdin: true });
    const { stream } = await world.service.attach(id, {
      stdin: true,
      stdout: true,
      stderr: true,
      logs: false,
      stream: true,
      signal: forever,
    });
    stream.write('hello');
    await world.service.start(id);
    expect(world.monitor().attached).toHaveLength(1);
    const inner = world.monitor().attached[0];
    await until(() => inner?.read()?.toString() === 'hello' || inner?.readableLength === 0);
    expect(await world.status(id)).toBe('running');
    expect(world.actions()).toEqual(['create', 'attach', 'start']);
  });

  test('of a running container is not modified', async () => {
    const world = createWorld();
    const id = await world.create();
    await world.service.start(id);
    await expect(world.service.start(id)).rejects.toMatchObject({ kind: 'not_modified' });
  });

  test('keeps the exit code and text of a failed runtime and undoes everything', async () => {
    const world = createWorld();
    const id = await world.create();
    world.monitors.failNext = { go: runtimeError(127) };
    await expect(world.service.start(id)).rejects.toThrow('executable file not found');
    const { State } = await world.service.inspect(id, { size: false });
    expect(State).toMatchObject({ Status: 'created', ExitCode: 127, Pid: 0 });
    expect(State?.Error).toContain('executable file not found');
    expect(world.isClean()).toBe(true);
  });

  const steps: readonly (readonly [string, (world: ReturnType<typeof createWorld>) => void])[] = [
    ['the root mount', (world) => world.mounter.failAt(1)],
    ['the network', (world) => void (world.network.state.fail = new KnownError('system', 'port is already allocated'))],
    ['the monitor', (world) => void (world.monitors.failNext = { launch: new Error('no monitor') })],
    ['the spec', (world) => void (world.fail.buildSpec = true)],
    ['an attacher', (world) => void (world.monitors.failNext = { attach: new Error('gone') })],
    ['the runtime', (world) => void (world.monitors.failNext = { go: runtimeError(126) })],
  ];
  test.each(steps)('undoes all when %s fails', async (_, breakIt) => {
    const world = createWorld();
    const id = await world.create();
    await world.service.attach(id, {
      stdin: false,
      stdout: true,
      stderr: true,
      logs: false,
      stream: true,
      signal: forever,
    });
    breakIt(world);
    await expect(world.service.start(id)).rejects.toThrow();
    expect(world.isClean()).toBe(true);
    expect(world.monitors.all.every(({ state }) => state === 'ended')).toBe(true);
    expect(await world.status(id)).toBe('created');
    expect(world.problems).toEqual([]);
  });

  test('that fails removes an auto-remove container', async () => {
    const world = createWorld();
    const id = await world.create({}, { AutoRemove: true });
    const { result } = await world.service.wait(id, 'removed', forever);
    world.monitors.failNext = { go: runtimeError(127) };
    await expect(world.service.start(id)).rejects.toThrow();
    expect(await result).toEqual({ StatusCode: 127 });
    expect(world.rows.size).toBe(0);
  });
});

describe('exit', () => {
  test('is told in order: die, waiters, destroy, removed', async () => {
    const world = createWorld();
    const id = await world.create({ Volumes: { '/data': {} } }, { AutoRemove: true });
    const next = await world.service.wait(id, 'next-exit', forever);
    const removed = await world.service.wait(id, 'removed', forever);
    await world.service.start(id);
    world.monitor().exit({ exitCode: 3 });
    expect(await next.result).toEqual({ StatusCode: 3 });
    expect(await removed.result).toEqual({ StatusCode: 3 });
    expect(world.actions()).toEqual(['create', 'start', 'die', 'destroy']);
    expect(world.isClean()).toBe(true);
    expect([world.rows.size, world.writable.size, world.volumes.all.size]).toEqual([0, 0, 0]);
  });

  test('keeps code and OOM and tells of the OOM first', async () => {
    const world = createWorld();
    const id = await world.create();
    await world.service.start(id);
    world.monitor().exit({ exitCode: 137, oomKilled: true });
    await until(async () => (await world.status(id)) === 'exited');
    expect(world.actions()).toEqual(['create', 'start', 'oom', 'die']);
    expect(world.events.at(-1)?.attributes).toMatchObject({ exitCode: '137' });
    expect(world.rows.get(id)?.state).toMatchObject({ status: 'exited', exitCode: 137, oomKilled: true, pid: 0 });
  });

  test('a policy restarts and counts; stop ends it', async () => {
    const world = createWorld();
    const id = await world.create({}, { RestartPolicy: { Name: 'always' } });
    await world.service.start(id);
    world.monitor().exit({ exitCode: 1 });
    await until(async () => (await world.status(id)) === 'restarting');
    while (world.monitors.all.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await until(async () => (await world.status(id)) === 'running');
    expect((await world.service.inspect(id, { size: false })).RestartCount).toBe(1);
    await world.service.stop(id, {});
    expect(await world.status(id)).toBe('exited');
    expect(world.rows.get(id)?.state.manuallyStopped).toBe(true);
  });

  test('a stop during the back-off leaves it exited', async () => {
    const world = createWorld();
    const id = await world.create({}, { RestartPolicy: { Name: 'always' } });
    await world.service.start(id);
    world.monitor().exit({ exitCode: 1 });
    await until(async () => (await world.status(id)) === 'restarting');
    await world.service.stop(id, {});
    expect(await world.status(id)).toBe('exited');
    await world.tasks.idle();
    expect(world.monitors.all).toHaveLength(1);
  });
});

describe('stop and kill', () => {
  test('stop sends the stop signal, and SIGKILL when the timeout has passed', async () => {
    const world = createWorld();
    const id = await world.create({ StopSignal: 'SIGQUIT' });
    await world.service.start(id);
    await world.service.stop(id, { timeoutSeconds: 0 });
    expect(world.monitor().signals).toEqual([3, 9]);
    expect(world.actions().slice(2)).toEqual(['kill', 'kill', 'die', 'stop']);
  });

  test('stop of a stopped container is not modified, kill a conflict', async () => {
    const world = createWorld();
    const id = await world.create({}, {}, 'web');
    await expect(world.service.stop(id, {})).rejects.toMatchObject({ kind: 'not_modified' });
    await expect(world.service.kill('web', undefined)).rejects.toThrow(
      `cannot kill container: web: container ${id} is not running`,
    );
  });

  test('kill works while stop waits', async () => {
    const world = createWorld();
    world.monitors.stubborn.add(15);
    const id = await world.create();
    await world.service.start(id);
    const stop = world.service.stop(id, { timeoutSeconds: -1 });
    await world.service.kill(id, undefined);
    await stop;
    expect(await world.status(id)).toBe('exited');
  });

  test('killing a paused container wakes it', async () => {
    const world = createWorld();
    const id = await world.create();
    await world.service.start(id);
    await world.service.pause(id);
    expect(world.frozen.size).toBe(1);
    await world.service.kill(id, 'KILL');
    expect(world.frozen.size).toBe(0);
  });

  test('restart keeps an auto-remove container', async () => {
    const world = createWorld();
    const id = await world.create({}, { AutoRemove: true });
    await world.service.start(id);
    await world.service.restart(id, {});
    expect(await world.status(id)).toBe('running');
    expect(world.actions()).toEqual(['create', 'start', 'kill', 'die', 'stop', 'start', 'restart']);
  });
});

describe('wait', () => {
  test('not-running answers at once for a container that does not run', async () => {
    const world = createWorld();
    const id = await world.create();
    const { result } = await world.service.wait(id, 'not-running', forever);
    expect(await result).toEqual({ StatusCode: 0 });
  });

  test('an unknown condition is refused', async () => {
    const world = createWorld();
    const id = await world.create();
    await expect(world.service.wait(id, 'soon', forever)).rejects.toThrow('invalid condition');
  });

  test('ends with the request', async () => {
    const world = createWorld();
    const id = await world.create();
    const gone = new AbortController();
    const { result } = await world.service.wait(id, 'next-exit', gone.signal);
    gone.abort();
    await expect(result).rejects.toMatchObject({ kind: 'cancelled' });
  });
});

describe('remove', () => {
  test('of a running container is a conflict, with force it is killed', async () => {
    const world = createWorld();
    const id = await world.create({}, {}, 'web');
    await world.service.start(id);
    await expect(world.service.remove('web', { force: false, volumes: false })).rejects.toThrow(
      'cannot remove container "/web": container is running: stop the container before removing or force remove',
    );
    await world.service.remove('web', { force: true, volumes: false });
    expect(world.rows.size).toBe(0);
    await expect(world.service.inspect(id, { size: false })).rejects.toThrow(`No such container: ${id}`);
  });

  test('by force ends what a start that was under way has begun', async () => {
    const world = createWorld();
    const id = await world.create();
    const started = world.service.start(id);
    await world.service.remove(id, { force: true, volumes: false });
    await started;
    expect(world.rows.size).toBe(0);
    expect(world.actions()).toEqual(['create', 'start', 'kill', 'die', 'destroy']);
  });

  test('by force waits for no runtime state, but the daemon does before it goes', async () => {
    const world = createWorld();
    world.monitors.slow = true;
    const id = await world.create();
    await world.service.start(id);
    await world.service.remove(id, { force: true, volumes: false });
    expect(world.rows.size).toBe(0);
    let idle = false;
    const ended = world.tasks.idle().then(() => (idle = true));
    await Promise.resolve();
    expect(idle).toBe(false);
    world.monitors.all[0]?.release();
    await ended;
    expect(world.problems).toEqual([]);
  });

  test('without force waits for the runtime state, as a stop does', async () => {
    const world = createWorld();
    world.monitors.slow = true;
    const id = await world.create();
    await world.service.start(id);
    const stopped = world.service.stop(id, {});
    await until(() => world.monitors.all[0]?.state === 'ended');
    expect(world.rows.get(id)?.state.status).toBe('running');
    world.monitors.all[0]?.release();
    await stopped;
    expect(world.rows.get(id)?.state.status).toBe('exited');
  });

  test('by force that fails keeps the exit', async () => {
    const world = createWorld();
    const id = await world.create();
    await world.service.start(id);
    world.network.state.failRelease = new KnownError('system', 'the network is stuck');
    await expect(world.service.remove(id, { force: true, volumes: false })).rejects.toThrow('the network is stuck');
    expect(world.rows.get(id)?.state).toMatchObject({ exitCode: 137, pid: 0 });
    world.network.state.failRelease = undefined;
    await world.service.remove(id, { force: false, volumes: false });
    expect(world.rows.size).toBe(0);
  });

  test('keeps named volumes and drops anonymous ones when asked', async () => {
    const world = createWorld();
    const id = await world.create({ Volumes: { '/data': {} } }, { Binds: ['named:/n'] });
    expect(world.volumes.all.size).toBe(2);
    await world.service.remove(id, { force: false, volumes: true });
    expect([...world.volumes.all.keys()]).toEqual(['named']);
  });
});

describe('list', () => {
  test('shows running ones, newest first, and all with a status filter', async () => {
    const world = createWorld();
    const first = await world.create({}, {}, 'first');
    await world.create({}, {}, 'second');
    await world.service.start(first);
    const names = async (options: Partial<Parameters<typeof world.service.list>[0]>): Promise<unknown> =>
      (await world.service.list({ all: false, size: false, filters: new Map(), ...options })).map(
        ({ Names }) => Names?.[0],
      );
    expect(await names({})).toEqual(['/first']);
    expect(await names({ all: true })).toEqual(['/second', '/first']);
    expect(await names({ limit: 1 })).toEqual(['/second']);
    expect(await names({ filters: new Map([['status', ['created']]]) })).toEqual(['/second']);
    expect(await names({ filters: new Map([['since', ['first']]]) })).toEqual(['/second']);
    expect(await names({ all: true, filters: new Map([['name', ['irst$']]]) })).toEqual(['/first']);
  });

  test('top shows the container processes alone', async () => {
    const world = createWorld();
    const id = await world.create();
    await world.service.start(id);
    expect(await world.service.top(id, '')).toEqual({
      Titles: ['UID', 'PID', 'CMD'],
      Processes: [['root', '100', 'sleep 60']],
    });
  });

  test('rename frees the old name', async () => {
    const world = createWorld();
    await world.create({}, {}, 'old');
    await world.service.rename('old', 'new');
    await world.create({}, {}, 'old');
    expect(world.events.at(1)?.attributes).toMatchObject({ oldName: '/old', name: 'new' });
  });
});
