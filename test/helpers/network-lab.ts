import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Subprocess } from 'bun';
import { runCommand } from './docker-cli.ts';

/**
 * A host of its own for daemons: network and mount namespaces in which rules are loaded that never touch the machine's, and a second namespace that
 * stands for another host on its network (`192.0.2.1` and `2001:db8::1` are this host's addresses there, `.9` and `::9` the other one's).
 */
export interface NetworkLab extends AsyncDisposable {
  /** Words before a command that runs on the host. */
  readonly host: readonly string[];
  /** Words before one that runs on the other host. */
  readonly outside: readonly string[];
  /** Runs a command on the host. Errors: exit code not 0. */
  run(argv: readonly string[], input?: string): Promise<string>;
}

export const HOST = '192.0.2.1';
export const HOST6 = '2001:db8::1';
export const OUTSIDE = '192.0.2.9';
export const OUTSIDE6 = '2001:db8::9';

/** The namespaces end with their holders: nothing is left of them, whatever happens. */
export async function createNetworkLab(): Promise<NetworkLab> {
  const root = mkdtempSync('/tmp/skl-');
  const host = hold(['--net', '--mount', '--propagation', 'private'], HOST_SETUP, root);
  const outside = hold(['--net'], ':', root);
  const at = (holder: Subprocess, ...kinds: readonly string[]): readonly string[] => [
    'nsenter',
    '--target',
    `${holder.pid}`,
    ...kinds,
    '--',
  ];
  const lab = {
    host: at(host, '--net', '--mount'),
    outside: at(outside, '--net'),
  };
  const must = async (argv: readonly string[], input?: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await runCommand(argv, input === undefined ? {} : { stdin: input });
    if (exitCode !== 0) throw new Error(`${argv.join(' ')}: exit code ${exitCode}\n${stdout}${stderr}`);
    return stdout;
  };
  const dispose = async (): Promise<void> => {
    for (const holder of [host, outside]) {
      holder.kill('SIGKILL');
      await holder.exited;
    }
    rmSync(root, { recursive: true, force: true });
  };
  try {
    await ready(join(root, `${host.pid}`), host);
    await ready(join(root, `${outside.pid}`), outside);
    await must([
      ...lab.host,
      'ip',
      'link',
      'add',
      'lan0',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      `${outside.pid}`,
    ]);
    for (const [words, link, ip, ip6] of [
      [lab.host, 'lan0', HOST, HOST6],
      [lab.outside, 'eth0', OUTSIDE, OUTSIDE6],
    ] as const) {
      await must([...words, 'ip', 'address', 'add', `${ip}/24`, 'dev', link]);
      await must([...words, 'ip', 'address', 'add', `${ip6}/64`, 'dev', link, 'nodad']);
      await must([...words, 'ip', 'link', 'set', link, 'up']);
    }
    // What a neighbour may try: containers' own addresses, and (its own loopback is off) the host's loopback ones.
    await must([...lab.outside, 'sysctl', '-qw', 'net.ipv4.conf.eth0.route_localnet=1']);
    for (const to of ['default', '127.0.0.1/32']) await must([...lab.outside, 'ip', 'route', 'add', to, 'via', HOST]);
    await must([...lab.outside, 'ip', '-6', 'route', 'add', 'default', 'via', HOST6]);
    return {
      ...lab,
      run: async (argv, input) => await must([...lab.host, ...argv], input),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }

  function hold(kinds: readonly string[], setup: string, folder: string): Subprocess {
    const script = `set -e\n${setup}\ntouch "$1/$$"\nexec sleep 3600`;
    return Bun.spawn(['unshare', ...kinds, 'sh', '-c', script, basename(folder), folder], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
}

/** Its own links in /sys, the machine's cgroups. */
const HOST_SETUP = `
ip link set lo up
mkdir "$1/sys"
mount -t sysfs sysfs "$1/sys"
mount --rbind /sys/fs/cgroup "$1/sys/fs/cgroup"
mount --rbind "$1/sys" /sys
`;

async function ready(path: string, holder: Subprocess): Promise<void> {
  while (!existsSync(path)) {
    if (holder.exitCode !== null) throw new Error('no namespace could be made');
    await Bun.sleep(5);
  }
}
