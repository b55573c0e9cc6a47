import { afterEach, beforeEach, expect, test } from 'bun:test';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import { join, resolve } from 'node:path';
import type { ContainerConfig, HostConfig } from '../api/types/container.ts';
import { type Containers, createContainerService } from '../engine/container/container-service.ts';
import { buildSpec } from '../engine/container/spec/build-spec.ts';
import { ALL_CAPABILITIES } from '../engine/container/spec/capabilities.ts';
import type { HostFacts } from '../engine/container/spec/host-facts.ts';
import type { SeccompProfile } from '../engine/container/spec/seccomp.ts';
import { createWorld } from '../engine/container/world.fake.ts';
import { createExecService, type Execs } from '../engine/exec/exec-service.ts';
import { createTaskGroup, type TaskGroup } from '../lib/async/task-group.ts';
import { createCgroups } from '../linux/cgroup/cgroup.host.ts';
import { boundingCapabilities, devicesAt, hardLimits, readSeccompProfile } from '../linux/host/host-facts.host.ts';
import { createMonitorHost } from '../linux/monitor/monitor.host.ts';
import { createMounter } from '../linux/mount/mounter.host.ts';
import { createBundles } from '../linux/runtime/bundle.host.ts';
import { createCompiledFilters } from '../linux/runtime/compiled-filters.host.ts';
import { createProcessList } from '../linux/runtime/ps.host.ts';
import { createRuntimeStates } from '../linux/runtime/runtime-states.host.ts';
import { toRegistry } from '../oci/cdi/registry.ts';
import { createContainerLogs } from '../store/record/container-log.host.ts';
import { createContainerRecords } from '../store/record/container-records.host.ts';
import { openDatabase } from '../store/record/database.host.ts';
import { recover } from './recover.ts';

/** Real processes under the real monitor and runtime, without networks and images: a root file system with busybox in it. */
interface Daemon {
  readonly containers: Containers;
  readonly execs: Execs;
  readonly tasks: TaskGroup;
  readonly problems: string[];
  readonly events: string[];
}

const signal = new AbortController().signal;
const mounter = createMounter();
const cgroups = createCgroups();
let root: string;
let daemons: Daemon[];

beforeEach(() => {
  root = mkdtempSync('/tmp/skiff-ct-');
  daemons = [];
  for (const folder of ['lower/bin', 'lower/etc', 'lower/tmp', 'spill'])
    mkdirSync(join(root, folder), { recursive: true });
  cpSync('/usr/bin/busybox', join(root, 'lower/bin/busybox'));
  for (const applet of ['sh', 'cat', 'echo', 'sleep', 'true', 'id', 'pwd', 'yes', 'head', 'stty', 'env'])
    symlinkSync('busybox', join(root, 'lower/bin', applet));
  writeFileSync(join(root, 'lower/etc/passwd'), 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n');
  writeFileSync(join(root, 'lower/etc/group'), 'root:x:0:\nuser:x:1000:\n');
  cgroups.prepare();
});

const CGROUP_PARENT = `/skiff-test-${process.pid}`;

afterEach(async () => {
  const daemon = daemons.at(-1);
  for (const { record } of daemon?.containers.context.table.all() ?? [])
    await daemon?.containers.service.remove(record.id, { force: true, volumes: true }).catch(() => undefined);
  await daemon?.tasks.idle();
  createCgroups().remove(CGROUP_PARENT); // throws when a process is left in it
  expect(mounter.list(root)).toEqual([]);
  for (const point of mounter.list(root)) mounter.unmount(point, { lazy: true });
  rmSync(root, { recursive: true, force: true });
  expect(daemon?.problems ?? []).toEqual([]);
});

function facts(): HostFacts {
  return {
    cgroupVersion: cgroups.version,
    capabilities: boundingCapabilities(ALL_CAPABILITIES),
    kernelVersion: release(),
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    defaultSeccomp: readSeccompProfile<SeccompProfile>(),
    initPath: undefined,
    hardLimits: hardLimits(),
    devicesAt,
    securityModules: { appArmor: undefined },
    nvidiaHook: () => undefined,
    readCdi: () => toRegistry([]),
  };
}

function createDaemon(): Daemon {
  const world = createWorld();
  const problems: string[] = [];
  const events: string[] = [];
  const tasks = createTaskGroup((name, error) => problems.push(`${name}: ${String(error)}`));
  const host = facts();
  const containers = createContainerService({
    ...world.deps,
    events: { ...world.deps.events, publish: ({ action }) => void events.push(action) },
    records: createContainerRecords({ db: openDatabase(join(root, 'db.sqlite')) }),
    logs: createContainerLogs(),
    bundles: createBundles({ dataRoot: join(root, 'data'), execRoot: join(root, 'run') }),
    layers: {
      ...world.deps.layers,
      async createWritable(id) {
        for (const folder of ['upper', 'work']) mkdirSync(join(root, 'layers', id, folder), { recursive: true });
      },
      rootfs: (id) => ({
        lower: [join(root, 'lower')],
        upper: join(root, 'layers', id, 'upper'),
        work: join(root, 'layers', id, 'work'),
      }),
      removeWritable: async (id) => rmSync(join(root, 'layers', id), { recursive: true, force: true }),
      listWritable: () => [],
    },
    mounter,
    monitors: createMonitorHost({ monitorPath: resolve(import.meta.dirname, '../../monitor/build/skiff-monitor') }),
    networking: {
      ...world.deps.networking,
      attach: async () => ({
        netnsPath: undefined,
        endpoints: {},
        ports: {},
        sandboxId: '',
        sandboxKey: '',
        hosts: [],
        hasResolver: false,
      }),
    },
    cgroups,
    processes: createProcessList(),
    buildSpec: (input) => buildSpec(input, host),
    runtimeStates: createRuntimeStates(() => ({
      crun: { argv: ['/usr/bin/crun', '--root', join(root, 'run/crun')], root: join(root, 'run/crun') },
    })),
    filters: createCompiledFilters({ crun: join(root, 'run/crun') }),
    settings: {
      ...world.deps.settings,
      runtimes: { crun: ['/usr/bin/crun', '--root', join(root, 'run/crun'), '--cgroup-manager', 'cgroupfs'] },
      defaults: { ...world.deps.settings.defaults, cgroupVersion: cgroups.version },
      cgroupParent: CGROUP_PARENT,
      spillDir: join(root, 'spill'),
    },
    tasks,
    report: (what, error) => problems.push(`${what}: ${String(error)}`),
  });
  const execs = createExecService({ containers: containers.context, allCapabilities: [...host.capabilities] });
  const daemon = { containers, execs, tasks, problems, events };
  daemons.push(daemon);
  return daemon;
}

async function create(
  { containers }: Daemon,
  command: string,
  config: ContainerConfig = {},
  hostConfig: HostConfig = {},
): Promise<string> {
  const { Id } = await containers.service.create({
    config: { Image: 'busybox', Cmd: ['sh', '-c', command], ...config },
    hostConfig: { NetworkMode: 'host', ...hostConfig },
    networkingConfig: {},
  });
  return Id ?? '';
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function logOf({ containers }: Daemon, id: string, follow = false): Promise<string> {
  const { records } = await containers.service.logs(id, { follow, stdout: true, stderr: true, signal });
  let text = '';
  for await (const some of records) for (const { line } of some) text += Buffer.from(line).toString();
  return text;
}

async function exitOf({ containers }: Daemon, id: string, condition = 'not-running'): Promise<number | undefined> {
  return (await (await containers.service.wait(id, condition, signal)).result).StatusCode;
}

test('a container runs, its output is attached and logged, its exit code is kept', async () => {
  const daemon = createDaemon();
  const { service } = daemon.containers;
  const id = await create(daemon, 'echo out; echo err >&2; exit 3');
  const { stream } = await service.attach(id, {
    stdin: false,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
    signal,
  });
  await service.start(id);
  const output = await textOf(stream);
  expect(output).toContain('out\n');
  expect(output).toContain('err\n');
  expect(await exitOf(daemon, id)).toBe(3);
  expect((await logOf(daemon, id)).split('\n').toSorted()).toEqual(['', 'err', 'out']);
  await service.start(id);
  expect(await exitOf(daemon, id)).toBe(3);
  expect(daemon.events).toEqual(['create', 'attach', 'start', 'die', 'start', 'die']);
});

test('stdin goes in before the start and ends with the client', async () => {
  const daemon = createDaemon();
  const { service } = daemon.containers;
  const id = await create(daemon, 'cat', { OpenStdin: true, StdinOnce: true });
  const { stream } = await service.attach(id, {
    stdin: true,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
    signal,
  });
  stream.end('typed early\n');
  await service.start(id);
  expect(await textOf(stream)).toContain('typed early\n');
  expect(await exitOf(daemon, id)).toBe(0);
});

test('a terminal has a size, and the detach keys leave the container running', async () => {
  const daemon = createDaemon();
  const { service } = daemon.containers;
  const id = await create(daemon, 'stty size; sleep 60', { Tty: true, OpenStdin: true }, { ConsoleSize: [33, 77] });
  const { stream } = await service.attach(id, {
    stdin: true,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
    signal,
  });
  await service.start(id);
  stream.write('\x10\x11');
  const text = await textOf(stream);
  expect((await service.inspect(id, { size: false })).State?.Status).toBe('running');
  expect(daemon.events).toContain('detach');
  // Detached before or after the shell has spoken: it is in one of both.
  if (!text.includes('33 77'))
    while (!(await logOf(daemon, id)).includes('33 77')) await new Promise((go) => setImmediate(go));
});

test('attach with logs gives the past and then the live stream', async () => {
  const daemon = createDaemon();
  const { service } = daemon.containers;
  const id = await create(daemon, 'echo past; cat', { OpenStdin: true, StdinOnce: true });
  await service.start(id);
  while (!(await logOf(daemon, id)).includes('past')) await new Promise((go) => setImmediate(go));
  const { stream } = await service.attach(id, {
    stdin: true,
    stdout: true,
    stderr: true,
    logs: true,
    stream: true,
    signal,
  });
  stream.end('present\n');
  const text = await textOf(stream);
  expect(text.indexOf('past\n')).toBeGreaterThan(0);
  expect(text.indexOf('present\n')).toBeGreaterThan(text.indexOf('past\n'));
});

test('auto-remove leaves nothing', async () => {
  const daemon = createDaemon();
  const id = await create(daemon, 'true', {}, { AutoRemove: true });
  const removed = exitOf(daemon, id, 'removed');
  await daemon.containers.service.start(id);
  expect(await removed).toBe(0);
  expect(daemon.containers.context.bundles.listKept()).toEqual([]);
  expect(daemon.containers.context.bundles.listRuns()).toEqual([]);
});

test.each([
  [['nope'], 127, 'executable file not found'],
  [['/etc/passwd'], 126, 'ermission denied'],
  [['/missing'], 127, 'no such file or directory'],
])('%p fails to start with %d', async (command, code, text) => {
  const daemon = createDaemon();
  const id = await create(daemon, '', { Cmd: command });
  await expect(daemon.containers.service.start(id)).rejects.toThrow(new RegExp(text));
  expect((await daemon.containers.service.inspect(id, { size: false })).State).toMatchObject({
    Status: 'created',
    ExitCode: code,
  });
});

test('a filter that the runtime has compiled once is the same for the next container of its profile', async () => {
  const daemon = createDaemon();
  const filterOf = (id: string): Buffer => readFileSync(join(root, 'run/crun', id, 'seccomp.bpf'));
  const [first, second] = [await create(daemon, 'sleep 60'), await create(daemon, 'sleep 60')];
  await daemon.containers.service.start(first);
  await daemon.containers.service.start(second);
  const spec = JSON.parse(readFileSync(join(root, 'run/c', second.slice(0, 24), 'config.json'), 'utf8'));
  expect(spec.annotations['run.oci.seccomp_bpf_data']).toBe(filterOf(first).toString('base64'));
  expect(filterOf(second).equals(filterOf(first))).toBe(true);
  const { id } = await daemon.execs.service.create(second, {
    Cmd: ['sh', '-c', 'while read -r line; do echo "$line"; done < /proc/1/status'],
    AttachStdout: true,
  });
  const { stream } = await daemon.execs.service.start(id, { detach: false, tty: false, signal });
  expect(stream && (await textOf(stream))).toContain('Seccomp:\t2');
});

test('stop, kill, pause and top work on real processes', async () => {
  const daemon = createDaemon();
  const { service } = daemon.containers;
  const id = await create(daemon, 'trap "exit 7" TERM; while true; do sleep 0.1; done');
  await service.start(id);
  expect((await service.top(id, '')).Processes?.length).toBeGreaterThan(0);
  await service.pause(id);
  expect((await service.inspect(id, { size: false })).State?.Status).toBe('paused');
  await service.unpause(id);
  const exec = await daemon.execs.service.create(id, { Cmd: ['true'] });
  await daemon.execs.service.start(exec.id, { detach: true, tty: false, signal });
  await service.stop(id, { timeoutSeconds: 20 });
  expect((await service.inspect(id, { size: false })).State).toMatchObject({ Status: 'exited', ExitCode: 7 });
  await service.start(id);
  await service.kill(id, undefined);
  expect((await service.inspect(id, { size: false })).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
});

test('exec runs with user, environment and folder, and tells its exit code', async () => {
  const daemon = createDaemon();
  const { execs } = daemon;
  const container = await create(daemon, 'sleep 60');
  await daemon.containers.service.start(container);
  const run = async (
    request: Parameters<typeof execs.service.create>[1],
  ): Promise<{ readonly text: string; readonly code: number | null }> => {
    const { id } = await execs.service.create(container, { AttachStdout: true, AttachStderr: true, ...request });
    const { stream } = await execs.service.start(id, { detach: false, tty: false, signal });
    const text = stream ? await textOf(stream) : '';
    while ((await execs.service.inspect(id)).Running) await new Promise((go) => setImmediate(go));
    return { text, code: (await execs.service.inspect(id)).ExitCode };
  };
  const ran = await run({
    Cmd: ['sh', '-c', 'id -u; pwd; echo $A $HOME; exit 5'],
    User: 'user',
    Env: ['A=b'],
    WorkingDir: '/tmp',
  });
  expect(ran.text).toContain('1000\n');
  expect(ran.text).toContain('/tmp\n');
  expect(ran.text).toContain('b /home/user\n');
  expect(ran.code).toBe(5);
  const missing = await run({ Cmd: ['nope'] });
  expect(missing.text).toMatch(/OCI runtime exec failed.*executable file not found/);
  expect(missing.code).toBe(127);
  expect((await run({ Cmd: ['id'], User: 'nobody-here' })).text).toContain('unable to find user nobody-here');
});

test('a new daemon finds what runs, goes on with its log and exec, and knows what ended meanwhile', async () => {
  const first = createDaemon();
  const long = await create(first, 'echo before; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo after; exit 4');
  const short = await create(first, 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 6');
  await first.containers.service.start(long);
  await first.containers.service.start(short);
  const { StartedAt } = (await first.containers.service.inspect(long, { size: false })).State ?? {};
  const { id: running } = await first.execs.service.create(long, {
    Cmd: ['sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 8'],
  });
  await first.execs.service.start(running, { detach: true, tty: false, signal });
  first.containers.disconnect();
  letGo(short);

  const second = createDaemon();
  await recover({ containers: second.containers, execs: second.execs, report: (what) => second.problems.push(what) });
  const { State } = await second.containers.service.inspect(long, { size: false });
  expect(State).toMatchObject({ Status: 'running', StartedAt });
  expect(await second.execs.service.inspect(running)).toMatchObject({ Running: true });
  const { id: exec } = await second.execs.service.create(long, { Cmd: ['sh', '-c', ': > /tmp/go'] });
  await second.execs.service.start(exec, { detach: true, tty: false, signal });
  expect(await logOf(second, long, true)).toBe('before\nafter\n');
  expect(await exitOf(second, long)).toBe(4);
  expect(await exitOf(second, short)).toBe(6);
});

/** Lets the container of that id end without any daemon: makes the file it waits for, through its mounted root. */
function letGo(id: string): void {
  writeFileSync(join(root, 'run/c', id.slice(0, 24), 'rootfs/tmp/go'), '');
}
