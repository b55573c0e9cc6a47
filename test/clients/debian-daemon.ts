import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { exitWithin, freeSubnet, imageArchive, untilAnswers, withEtcDocker } from '../helpers/daemon.ts';
import { findDockerCli, runCommand } from '../helpers/docker-cli.ts';
import { leftovers, linksOf, removeCgroupParent, removeLeftovers } from '../helpers/leftovers.ts';

const DOCKERD = '/usr/sbin/dockerd';

/** Docker's own daemon, as Debian ships it, with a root, a socket, a bridge and a cgroup of its own. */
export interface DebianDaemon extends AsyncDisposable {
  readonly host: string;
  readonly root: string;
  log(): string;
}

/** Such as `20.10.24+dfsg1`. Errors: there is none; Debian's package docker.io has one. */
export function debianDaemonVersion(): string {
  if (!existsSync(DOCKERD)) throw new Error(`no ${DOCKERD}: install Debian's docker.io`);
  const text = Bun.spawnSync([DOCKERD, '--version']).stdout.toString();
  return /version ([^,]+),/.exec(text)?.[1] ?? text.trim();
}

export interface DebianDaemonOptions {
  readonly etcDocker?: string;
  /** Words before the command, those of a lab of `network-lab.ts`: its host is given Docker's rules, as a real one is. */
  readonly within?: readonly string[];
}

/**
 * Starts dockerd with busybox loaded. It changes no rule of the machine: outside of a lab ports are published by docker-proxy alone. The bridge is made
 * here. Disposing ends it, removes the bridge and checks that nothing is left.
 */
export async function startDebianDaemon(options: DebianDaemonOptions = {}): Promise<DebianDaemon> {
  const root = mkdtempSync('/tmp/skp-');
  const tail = basename(root).slice('skp-'.length);
  const bridge = `skp${tail}`;
  const cgroupParent = `/skp-${tail}`;
  const socket = join(root, 's');
  const host = `unix://${socket}`;
  const logPath = join(root, 'log');
  const log = (): string => readFileSync(logPath, 'utf8');
  const within = options.within ?? [];
  const argv = [
    ...within,
    ...withEtcDocker(options.etcDocker),
    DOCKERD,
    '-H',
    host,
    '--pidfile',
    join(root, 'p'),
    '--bridge',
    bridge,
    '--cgroup-parent',
    cgroupParent,
  ];
  argv.push('--data-root', join(root, 'd'), '--exec-root', join(root, 'e'), `--iptables=${within.length > 0}`);
  argv.push('--ip-forward=false');
  await must([...within, 'ip', 'link', 'add', bridge, 'type', 'bridge']);
  await must([...within, 'ip', 'address', 'add', freeSubnet(), 'dev', bridge]);
  await must([...within, 'ip', 'link', 'set', bridge, 'up']);
  const output = openSync(logPath, 'a');
  const child = Bun.spawn(argv, { stdin: 'ignore', stdout: output, stderr: output });
  closeSync(output);

  const docker = async (args: readonly string[]): Promise<string> =>
    await must([findDockerCli().path, ...args], { DOCKER_HOST: host, DOCKER_CONFIG: join(root, 'config') });

  async function dispose(): Promise<void> {
    const links = linksOf(bridge);
    const problems: string[] = [];
    try {
      const ids = (await docker(['ps', '-aq'])).split('\n').filter(Boolean);
      if (ids.length > 0) await docker(['rm', '-f', '-v', ...ids]);
    } catch (error) {
      problems.push(String(error));
    }
    child.kill('SIGTERM');
    const status = await exitWithin(child, 30_000);
    if (status !== 0) problems.push(`dockerd ended with status ${status}`);
    await runCommand([...within, 'ip', 'link', 'delete', bridge]);
    // Of --network host; dockerd leaves it mounted.
    await runCommand([...within, 'umount', join(root, 'e/netns/default')]);
    // Of its BuildKit, which leaves it.
    removeCgroupParent(`${cgroupParent}/buildkit`);
    removeCgroupParent(cgroupParent);
    const footprint = { root, bridge, links, cgroupParent };
    problems.push(...leftovers(footprint));
    if (problems.length > 0) removeLeftovers(footprint);
    const text = log();
    rmSync(root, { recursive: true, force: true });
    if (problems.length > 0) throw new Error(`dockerd left:\n${problems.join('\n')}\nIts log:\n${text}`);
  }

  try {
    await untilAnswers(socket, child, log);
    await docker(['load', '-q', '-i', imageArchive('busybox')]);
    return { host, root, log, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose().catch(() => undefined);
    throw error;
  }
}

async function must(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(argv, { env });
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: exit code ${exitCode}\n${stdout}${stderr}`);
  return stdout;
}
