import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '..');

/** Podman's default network has one for the whole machine. */
const PODMAN_BRIDGE = 'cni-podman0';

export type EngineName = 'skiff' | 'dockerd' | 'podman';

/** An engine on roots of its own, with the busybox image and a running container `keep`. */
export interface Engine {
  readonly name: EngineName;
  readonly host: string;
  readonly socket: string;
  /** The engine's own processes and those it has for one container. */
  readonly pids: () => { readonly engine: readonly number[]; readonly monitor: readonly number[] };
  /** Ends the engine in order, containers and all, and starts it again; the milliseconds from its start to its first answer. */
  restart(): Promise<number>;
  stop(): Promise<void>;
}

/** The unmodified client that drives all engines. */
export const client = ['/usr/local/bin/docker', '/usr/bin/docker'].find((path) => existsSync(path)) ?? 'docker';

export function docker(engine: Pick<Engine, 'host'>, ...args: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([client, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', DOCKER_HOST: engine.host, DOCKER_BUILDKIT: '0' },
  });
  if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.toString()}`);
  return stdout.toString().trim();
}

/**
 * Starts an engine; undefined when the machine does not have it. `registries`: they speak plain http. `network`: `shared` is the machine's,
 * where dockerd must not touch the firewall, and so has less work than it has by default; `own` is a network namespace (and the /sys of it)
 * in which every engine has its firewall, port proxies and bridge as it comes.
 */
export async function startEngine(
  name: EngineName,
  registries: readonly string[],
  network: 'shared' | 'own' = 'shared',
): Promise<Engine | undefined> {
  const program = { skiff: join(REPOSITORY, 'bin/dockerd'), dockerd: '/usr/sbin/dockerd', podman: '/usr/bin/podman' }[
    name
  ];
  if (!existsSync(program)) return undefined;
  // On the disk: /tmp may be memory.
  const root = mkdtempSync(`/var/tmp/skb-${name[0]}`);
  const bridge = basename(root).replace('skb-', 'skb');
  const socket = join(root, 's');
  const host = `unix://${socket}`;
  const hadPodmanBridge = existsSync(`/sys/class/net/${PODMAN_BRIDGE}`);
  if (name === 'dockerd' && network === 'shared') makeBridge(bridge);
  const argv = argvOf(name, program, root, bridge, host, network);
  const env = { ...process.env, ...podmanConfig(root, registries) };
  const start = (): Bun.Subprocess =>
    Bun.spawn(network === 'own' ? ['unshare', '--net', '--mount', 'sh', '-c', OWN_NETWORK, 'sh', ...argv] : argv, {
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: Bun.file(join(root, 'log')),
      env,
    });
  let child = start();
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    await child.exited;
  };
  await untilAnswers(socket, child);
  docker({ host }, 'load', '-q', '-i', join(REPOSITORY, 'dist/images/busybox.tar'));
  docker({ host }, 'run', '-d', '--name', 'keep', '--network', 'none', 'busybox', 'sleep', '100000');
  return {
    name,
    host,
    socket,
    pids: () => ({
      engine: [child.pid, ...pidsNaming(root, /containerd( |$)/)],
      monitor: pidsNaming(root, /skiff-monitor|containerd-shim|conmon/),
    }),
    async restart() {
      await end();
      const before = performance.now();
      child = start();
      await untilAnswers(socket, child);
      return performance.now() - before;
    },
    async stop() {
      removeContainers(host);
      await end();
      Bun.spawnSync(['ip', 'link', 'delete', bridge]);
      if (name === 'podman' && !hadPodmanBridge) Bun.spawnSync(['ip', 'link', 'delete', PODMAN_BRIDGE]);
      for (const path of mountsBelow(root)) Bun.spawnSync(['umount', '-l', path]);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** An engine that is gone, by an interrupt that met it as well, has ended its own. */
function removeContainers(host: string): void {
  try {
    const ids = docker({ host }, 'ps', '-aq');
    if (ids !== '') docker({ host }, 'rm', '-f', ...ids.split('\n'));
  } catch (error) {
    console.error(String(error));
  }
}

const NO_FIREWALL = ['--iptables=false', '--ip6tables=false', '--ip-masq=false', '--userland-proxy=false'];

/** /sys shows the links of the namespace it was mounted in; the cgroups below it stay where they are. */
const OWN_NETWORK = `set -e
ip link set lo up
mount --make-rprivate /
mount --rbind /sys/fs/cgroup /mnt
mount -t sysfs sysfs /sys
mount --rbind /mnt /sys/fs/cgroup
umount -l /mnt
exec "$@"`;

function argvOf(
  name: EngineName,
  program: string,
  root: string,
  bridge: string,
  host: string,
  network: 'shared' | 'own',
): string[] {
  const [data, run] = [join(root, 'd'), join(root, 'e')];
  const roots = ['--data-root', data, '--exec-root', run];
  switch (name) {
    case 'skiff':
      return [program, ...roots, '-H', host, '--pidfile', join(root, 'p'), '--bridge', bridge];
    case 'dockerd':
      return [
        program,
        ...roots,
        '-H',
        host,
        '--pidfile',
        join(root, 'p'),
        ...(network === 'own' ? [] : ['--bridge', bridge, ...NO_FIREWALL]),
      ];
    case 'podman': {
      const own = ['--root', data, '--runroot', run, '--tmpdir', join(root, 't')];
      return [program, ...own, '--cgroup-manager', 'cgroupfs', 'system', 'service', '--time', '0', host];
    }
  }
}

/** Podman's containers.conf(5): networks of its own, and limits that a machine without CAP_SYS_RESOURCE allows. */
function podmanConfig(root: string, registries: readonly string[]): Record<string, string> {
  const [containers, hosts, networks] = [join(root, 'containers.conf'), join(root, 'registries.conf'), join(root, 'n')];
  mkdirSync(networks);
  const limits = 'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]';
  writeFileSync(containers, `[containers]\n${limits}\n[network]\nnetwork_config_dir = "${networks}"\n`);
  writeFileSync(hosts, registries.map((host) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`).join(''));
  return { CONTAINERS_CONF: containers, CONTAINERS_REGISTRIES_CONF: hosts };
}

function makeBridge(name: string): void {
  for (const args of [
    ['link', 'add', name, 'type', 'bridge'],
    ['addr', 'add', '10.217.0.1/24', 'dev', name],
    ['link', 'set', name, 'up'],
  ]) {
    const { exitCode, stderr } = Bun.spawnSync(['ip', ...args]);
    if (exitCode !== 0) throw new Error(stderr.toString());
  }
}

async function untilAnswers(socket: string, child: Bun.Subprocess): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (child.exitCode !== null) break;
    const answer = await fetch('http://d/_ping', { unix: socket }).catch(() => undefined);
    if (answer?.ok) return;
    await Bun.sleep(5);
  }
  throw new Error('the engine does not answer');
}

function pidsNaming(root: string, program: RegExp): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const line = commandLine(pid);
      return line.includes(root) && program.test(line);
    })
    .map(Number);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

function mountsBelow(root: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(root))
    .sort()
    .reverse();
}

/** Proportional set size in KiB (proc(5), smaps_rollup), summed. */
export function pssKiB(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return sum + Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  }, 0);
}

/** What a case leaves, outside the measurement. */
export function cleanUp(engine: Engine): void {
  const ids = docker(engine, 'ps', '-aq', '--no-trunc').split('\n');
  const keep = docker(engine, 'inspect', '-f', '{{.Id}}', 'keep');
  const others = ids.filter((id) => id !== '' && id !== keep);
  if (others.length > 0) docker(engine, 'rm', '-f', ...others);
}
