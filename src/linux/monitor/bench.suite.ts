import { expect } from 'bun:test';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';
import { createCgroups } from '../cgroup/cgroup.host.ts';
import { createMounter } from '../mount/mounter.host.ts';
import { type Attached, type Control, connect, openAttach, openControl } from './line-client.suite.ts';
import type { MonitorSpec } from './monitor.ts';
import { toArguments } from './protocol.ts';

const MONITOR = resolve(import.meta.dirname, '../../../monitor');
const APPLETS = 'sh cat cksum echo sleep true yes head tr wc stty dd kill touch'.split(' ');

export type Options = Partial<Omit<MonitorSpec, 'dir' | 'target' | 'log'>> & {
  readonly memoryBytes?: number;
  readonly log?: Omit<NonNullable<MonitorSpec['log']>, 'path'> & { readonly path?: string };
  /** The program without sanitizers, as it is shipped. */
  readonly release?: boolean;
  /** Started by a shell that is killed as soon as the monitor runs. */
  readonly orphaned?: boolean;
};

/** One monitor under test. */
export interface Running {
  readonly id: string;
  readonly pid: number;
  readonly dir: string;
  readonly logPath: string;
  /** The container's root directory on the host. */
  readonly rootfs: string;
  connect(): Promise<Socket>;
  control(): Promise<Control>;
  attach(letters: string): Promise<Attached>;
  exit(): unknown;
}

export interface Bench {
  readonly root: string;
  /** A monitor of a container with this command, waiting for `go`. */
  launch(command: readonly string[], options?: Options): Promise<Running>;
  /** A monitor of an exec session in that container, waiting for `go`. */
  exec(container: Running, command: readonly string[], options?: Options): Promise<Running>;
  /** Ends what still runs, leaves all connections, waits for every monitor's end, and finds nothing left of it: processes, runtime state, cgroups, mounts, files, sanitizer reports. */
  close(): Promise<void>;
}

/** Polls; the test's own time limit ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((go) => setImmediate(go));
}

/** The monitors of monitor/, built with sanitizers. Errors: the compiler's. */
export function buildMonitors(): void {
  const { exitCode, stderr } = Bun.spawnSync(['make', '--silent', '-C', MONITOR, 'all', 'asan']);
  expect([exitCode, stderr.toString()]).toEqual([0, '']);
}

/** Children of a process, zombies included. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** What a process's descriptors are, sorted: `socket`, `pipe`, paths. One that is closed while they are listed is none. */
export function descriptorsOf(pid: number): readonly string[] {
  const names = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/:\[\d+\]$/, '')];
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  });
  return names.toSorted();
}

/** Real containers of busybox under the monitor, in a temporary directory. */
export function createBench(): Bench {
  const root = mkdtempSync('/tmp/skiff-mon-');
  const cgroups = createCgroups();
  const mounter = createMounter();
  const group = `/${basename(root)}`;
  const runtime = ['/usr/bin/crun', '--root', join(root, 'crun'), '--cgroup-manager', 'cgroupfs'];
  const monitors: Running[] = [];
  const sockets: Socket[] = [];
  const keep = <T extends { readonly socket: Socket }>(client: T): T => {
    sockets.push(client.socket);
    return client;
  };
  cgroups.prepare();
  for (const folder of ['crun', 'spill']) mkdirSync(join(root, folder));
  const wrapper = join(root, 'monitor');
  const report = `log_path=${join(root, 'sanitizer')}`;
  writeFileSync(
    wrapper,
    `#!/bin/sh\nexport ASAN_OPTIONS=${report}:detect_leaks=1 UBSAN_OPTIONS=${report}:print_stacktrace=1\nexec ${MONITOR}/build/skiff-monitor-asan "$@"\n`,
    { mode: 0o755 },
  );

  const start = async (
    id: string,
    rootfs: string,
    target: MonitorSpec['target'],
    options: Options,
  ): Promise<Running> => {
    const { release, orphaned, memoryBytes: _, log, ...rest } = options;
    const dir = join(root, `d${monitors.length}`);
    const logPath = log?.path ?? join(root, `log${monitors.length}`);
    mkdirSync(dir, { mode: 0o700 });
    const argv = toArguments({
      dir,
      target,
      runtime,
      tty: false,
      stdin: false,
      stdinOnce: false,
      spillDir: join(root, 'spill'),
      ...rest,
      ...(log && { log: { ...log, path: logPath } }),
    });
    const program = release ? join(MONITOR, 'build/skiff-monitor') : wrapper;
    const pid = await spawnMonitor(
      orphaned ? ['sh', '-c', '"$@" & kill -9 $$', 'sh', program, ...argv] : [program, ...argv],
    );
    const running: Running = {
      id,
      pid,
      dir,
      logPath,
      rootfs,
      async connect() {
        const socket = await connect(join(dir, 'ctl'));
        sockets.push(socket);
        return socket;
      },
      control: async () => keep(await openControl(join(dir, 'ctl'))),
      attach: async (letters) => keep(await openAttach(join(dir, 'ctl'), letters)),
      exit: () => JSON.parse(readFileSync(join(dir, 'exit'), 'utf8')) as unknown,
    };
    monitors.push(running);
    return running;
  };

  return {
    root,
    async launch(command, options = {}) {
      const id = `${basename(root)}-${monitors.length}`;
      const bundle = join(root, `bundle${monitors.length}`);
      writeBundle(bundle, processOf(command, options), `${group}/${id}`, options.memoryBytes);
      const oomFile = cgroups.oomFile(`${group}/${id}`);
      return await start(id, join(bundle, 'rootfs'), { kind: 'container', id, bundle }, { oomFile, ...options });
    },
    async exec({ id, rootfs }, command, options = {}) {
      const processFile = join(root, `process${monitors.length}`);
      writeFileSync(processFile, JSON.stringify(processOf(command, options)));
      return await start(id, rootfs, { kind: 'exec', id, processFile }, options);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      for (const { pid, dir } of monitors) if (isAlive(pid)) await endRun(dir).catch(() => undefined);
      for (const { pid } of monitors) await until(() => !isAlive(pid));
      const reports = readdirSync(root).filter((name) => name.startsWith('sanitizer'));
      expect(reports.map((name) => readFileSync(join(root, name), 'utf8'))).toEqual([]);
      expect(readdirSync(join(root, 'crun'))).toEqual([]);
      expect(readdirSync(join(root, 'spill'))).toEqual([]);
      for (const { id } of monitors) expect(cgroups.pids(`${group}/${id}`)).toEqual([]);
      expect(mounter.list(root)).toEqual([]);
      const left = monitors.flatMap(({ dir }) => (existsSync(dir) ? readdirSync(dir) : []));
      expect(left.filter((name) => !['exit', 'pid', 'runtime.log'].includes(name))).toEqual([]);
      rmSync(root, { recursive: true });
      cgroups.remove(group);
    },
  };
}

/** Rejects when the monitor was ending anyway. */
async function endRun(dir: string): Promise<void> {
  const control = await openControl(join(dir, 'ctl'));
  control.send('abandon');
  await control.line();
  control.send('signal 9');
  await control.rest();
}

async function spawnMonitor(argv: readonly string[]): Promise<number> {
  const child = Bun.spawn([...argv], { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' });
  const answer = await child.stdout.text();
  expect(answer).toMatch(/^ready \d+\n$/);
  return Number(answer.split(' ')[1]);
}

/** Zombies of somebody else's are dead. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The size stands in the process too: the runtime sets it before the first instruction, the monitor only when it gets the terminal. */
function processOf(args: readonly string[], options: Options): object {
  return {
    terminal: options.tty ?? false,
    user: { uid: 0, gid: 0 },
    args,
    env: ['PATH=/bin'],
    cwd: '/',
    noNewPrivileges: true,
    ...(options.consoleSize && {
      consoleSize: { height: options.consoleSize.rows, width: options.consoleSize.columns },
    }),
  };
}

function writeBundle(bundle: string, process: object, cgroupsPath: string, memoryBytes: number | undefined): void {
  const rootfs = join(bundle, 'rootfs');
  for (const folder of ['bin', 'proc', 'dev', 'tmp']) mkdirSync(join(rootfs, folder), { recursive: true });
  cpSync('/usr/bin/busybox', join(rootfs, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(rootfs, 'bin', applet));
  const config = {
    ociVersion: '1.0.2',
    process,
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'ptmxmode=0666'] },
    ],
    linux: {
      namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })),
      cgroupsPath,
      resources: memoryBytes === undefined ? {} : { memory: { limit: memoryBytes, swap: memoryBytes } },
    },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
}
