import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type CommandOptions, type CommandResult, findDockerCli, runCommand } from './docker-cli.ts';
import { type Footprint, leftovers, linksOf, removeCgroupParent, removeLeftovers } from './leftovers.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const IMAGES = join(REPOSITORY, 'dist/images');

/** An image of `npm run images`. */
export type TestImage = 'busybox' | 'nginx';

export interface DaemonOptions {
  /** Loaded when the daemon answers. Default: busybox. */
  readonly images?: readonly TestImage[];
  /** More flags for dockerd. */
  readonly flags?: readonly string[];
  /** A folder that the daemon alone sees as /etc/docker. */
  readonly etcDocker?: string;
  /** A file that the daemon alone sees as /etc/resolv.conf. */
  readonly resolvConf?: string;
  /** Words before the command, such as those of a lab of `network-lab.ts`. */
  readonly within?: readonly string[];
}

/** A daemon of ours with a root, a socket, a bridge and a cgroup of its own. */
export interface TestDaemon extends AsyncDisposable {
  /** For DOCKER_HOST: `unix://...`. */
  readonly host: string;
  readonly socket: string;
  /** A short path below /tmp that is this daemon's alone; removed by stop. */
  readonly root: string;
  readonly bridge: string;
  readonly pid: number;
  /** What the daemon has written to stdout and stderr since its first start. */
  log(): string;
  /** Runs the unmodified docker client against this daemon; a failing command is a result, not an error. */
  docker(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** As docker, for commands that must work. Resolves with stdout without its last line feed. Errors: exit code not 0. */
  ok(args: readonly string[], options?: CommandOptions): Promise<string>;
  /**
   * Removes all containers, ends the daemon in order and checks what it leaves. Errors: a status other than 0, or anything left: mounts, links,
   * nft tables, processes, cgroups. Everything is removed then all the same. A second call does nothing.
   */
  stop(): Promise<void>;
  /** SIGKILL, as in a crash: containers and mounts stay until restart or stop. */
  kill9(): Promise<void>;
  /** Ends the daemon if it runs (SIGTERM), starts one on the same root and waits until it answers. */
  restart(): Promise<void>;
}

/** Starts a daemon from the sources and waits until it answers. Needs root. Errors: it ended instead; its log is in the message. */
export async function startDaemon(options: DaemonOptions = {}): Promise<TestDaemon> {
  const root = mkdtempSync('/tmp/skt-');
  chmodSync(root, 0o711);
  const tail = basename(root).slice('skt-'.length);
  const bridge = `skt${tail}`;
  const cgroupParent = `/skt-${tail}`;
  const socket = join(root, 's');
  const host = `unix://${socket}`;
  const logPath = join(root, 'log');
  const argv = [
    ...(options.within ?? []),
    ...withEtcDocker(options.etcDocker),
    ...withMount(options.resolvConf, '/etc/resolv.conf'),
    join(REPOSITORY, 'bin/dockerd'),
    '-H',
    host,
    '--pidfile',
    join(root, 'p'),
    '--bridge',
    bridge,
  ];
  argv.push('--data-root', join(root, 'd'), '--exec-root', join(root, 'e'), '--bip', freeSubnet());
  argv.push('--cgroup-parent', cgroupParent, ...(options.flags ?? []));
  const links = new Set<string>();
  const log = (): string => (existsSync(logPath) ? readFileSync(logPath, 'utf8') : '');
  let child: Bun.Subprocess | undefined;
  let stopped = false;

  async function start(): Promise<void> {
    const output = openSync(logPath, 'a');
    const started = Bun.spawn(argv, { stdin: 'ignore', stdout: output, stderr: output });
    closeSync(output);
    child = started;
    await untilAnswers(socket, started, log);
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
    const ending = child;
    if (ending === undefined) return 0;
    for (const link of linksOf(bridge)) links.add(link);
    child = undefined;
    ending.kill(signal);
    return await exitWithin(ending, 30_000);
  }

  async function docker(args: readonly string[], more: CommandOptions = {}): Promise<CommandResult> {
    const env = { DOCKER_HOST: host, DOCKER_CONFIG: join(root, 'config'), HOME: root, ...more.env };
    return await runCommand([findDockerCli().path, ...args], { ...more, env });
  }

  async function ok(args: readonly string[], more: CommandOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await docker(args, more);
    if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: exit code ${exitCode}\n${stdout}${stderr}`);
    return stdout.replace(/\n$/, '');
  }

  async function removeContainers(): Promise<void> {
    const ids = await ok(['ps', '-aq']);
    if (ids !== '') await ok(['rm', '-f', '-v', ...ids.split('\n')]);
  }

  async function stop(): Promise<void> {
    if (stopped) return;
    stopped = true;
    const problems: string[] = [];
    try {
      if (child === undefined) await start();
      for (const link of linksOf(bridge)) links.add(link);
      await removeContainers();
      const status = await end('SIGTERM');
      if (status !== 0) problems.push(`the daemon ended with status ${status}`);
    } catch (error) {
      problems.push(String(error));
      await end('SIGKILL');
    }
    const footprint: Footprint = { root, bridge, links: [...links], cgroupParent };
    removeCgroupParent(cgroupParent);
    problems.push(...leftovers(footprint));
    if (problems.length > 0) removeLeftovers(footprint);
    const text = log();
    rmSync(root, { recursive: true, force: true });
    if (problems.length > 0) throw new Error(`the daemon left:\n${problems.join('\n')}\nIts log:\n${text}`);
  }

  const daemon: TestDaemon = {
    host,
    socket,
    root,
    bridge,
    get pid() {
      return child?.pid ?? 0;
    },
    log,
    docker,
    ok,
    stop,
    kill9: async () => {
      await end('SIGKILL');
    },
    restart: async () => {
      await end('SIGTERM');
      await start();
    },
    [Symbol.asyncDispose]: stop,
  };
  try {
    await start();
    for (const image of options.images ?? ['busybox']) await ok(['load', '-q', '-i', imageArchive(image)]);
    return daemon;
  } catch (error) {
    await stop().catch(() => undefined);
    throw error;
  }
}

/** Words before a command: it becomes a process that sees `folder` as /etc/docker, in a mount namespace of its own. */
export function withEtcDocker(folder: string | undefined): readonly string[] {
  return withMount(folder, '/etc/docker');
}

function withMount(source: string | undefined, target: string): readonly string[] {
  if (source === undefined) return [];
  return ['unshare', '--mount', 'sh', '-c', 'mount --bind "$1" "$2" && shift 2 && exec "$@"', 'sh', source, target];
}

/** The archive `docker load` takes, made first if there is none. */
export function imageArchive(image: TestImage): string {
  const path = join(IMAGES, `${image}.tar`);
  if (existsSync(path)) return path;
  const made = Bun.spawnSync([process.execPath, join(REPOSITORY, 'scripts/images/build.ts'), image]);
  if (made.exitCode !== 0) throw new Error(`making the image ${image}: ${made.stderr.toString()}`);
  return path;
}

/** An address of a /24 that no route of the machine touches yet, so that daemons side by side do not meet. */
export function freeSubnet(): string {
  const first = Math.floor(Math.random() * 250);
  for (let step = 0; step < 250; step++) {
    const address = `10.218.${(first + step) % 250}.1`;
    const routes = Bun.spawnSync(['ip', 'route', 'show', 'match', address]).stdout.toString();
    if (routes.split('\n').every((line) => line === '' || line.startsWith('default'))) return `${address}/24`;
  }
  throw new Error('no free subnet in 10.218.0.0/16');
}

/** Resolves when GET /_ping answers 200 on the socket. Errors: the process ended, or 30 s passed. */
export async function untilAnswers(socket: string, child: Bun.Subprocess, log: () => string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await answers(socket))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the daemon ended at once:\n${log()}`);
    if (Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the daemon did not answer within 30 s:\n${log()}`);
    }
    await Bun.sleep(20);
  }
}

async function answers(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return false;
  try {
    return (await fetch('http://localhost/_ping', { unix: socket, signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

/** The exit status; -1 for one that had to be killed after the time. */
export async function exitWithin(child: Bun.Subprocess, timeoutMs: number): Promise<number> {
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const status = await child.exited;
  clearTimeout(timer);
  return child.signalCode === 'SIGKILL' ? -1 : status;
}
