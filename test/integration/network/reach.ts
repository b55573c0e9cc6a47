import { mkdtempSync, rmSync } from 'node:fs';
import type { PortExplanation } from '../../../src/api/types/port-explanation.ts';
import type { TestDaemon } from '../../helpers/daemon.ts';
import { HOST, HOST6, type NetworkLab, OUTSIDE } from '../../helpers/network-lab.ts';

/** Serves `hello`, and the address of who asks at /cgi-bin/who, at ports 80 and 81 in both families. */
const PAGES = (folder: string): readonly string[] => [
  `mkdir -p ${folder}/cgi-bin`,
  `echo hello >${folder}/index.html`,
  `printf '#!/bin/sh\\nprintf "\\\\r\\\\n%%s\\\\n" "$REMOTE_ADDR"\\n' >${folder}/cgi-bin/who`,
  `chmod 755 ${folder}/cgi-bin/who`,
];
const SERVE = [...PAGES('/w'), 'httpd -p 81 -h /w', 'exec httpd -f -p 80 -h /w'].join(' && ');
/** A container that serves, and from which one may ask. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly ip: string;
  readonly ip6: string;
}

export async function startServer(daemon: TestDaemon, name: string, flags: readonly string[]): Promise<Server> {
  await daemon.ok(['run', '-d', '--name', name, ...flags, 'busybox', 'sh', '-c', SERVE]);
  const shown = JSON.parse(await daemon.ok(['inspect', name]))[0];
  const [network] = Object.values(shown.NetworkSettings.Networks) as readonly {
    readonly IPAddress: string;
    readonly GlobalIPv6Address: string;
  }[];
  const server = { name, pid: shown.State.Pid, ip: network?.IPAddress ?? '', ip6: network?.GlobalIPv6Address ?? '' };
  while (!(await reaches(within(server), '127.0.0.1', 80))) await Bun.sleep(20);
  return server;
}

/** The same pages from a program of the other host, until it is disposed. */
export async function serveOutside(lab: NetworkLab, port: number): Promise<AsyncDisposable> {
  const folder = mkdtempSync('/tmp/skl-w');
  const script = [...PAGES(folder), `exec busybox httpd -f -p ${port} -h ${folder}`].join(' && ');
  const child = Bun.spawn([...lab.outside, 'sh', '-c', script], { stdio: ['ignore', 'ignore', 'inherit'] });
  while (!(await reaches(lab.host, OUTSIDE, port)) && child.exitCode === null) await Bun.sleep(20);
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Words before a command that runs in the container's network namespace. */
export function within({ pid }: Server): readonly string[] {
  return ['nsenter', '--target', `${pid}`, '--net', '--'];
}

/** By which address of it a server is asked: its own, one of the host as seen from outside, or the host's loopback. */
export type Way = 'own' | 'own6' | 'host' | 'host6' | 'loopback' | 'loopback6';

export function addressOf(server: Server, way: Way): string {
  const addresses = {
    own: server.ip,
    own6: server.ip6,
    host: HOST,
    host6: HOST6,
    loopback: '127.0.0.1',
    loopback6: '::1',
  };
  return addresses[way];
}

/** busybox as Debian links it has no resolver for wget: nc does. Text of the answer; empty when there is none within a second. */
export async function fetchFrom(words: readonly string[], host: string, port: number, path = '/'): Promise<string> {
  const script = `printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' | timeout 2 busybox nc -w 1 ${host} ${port}`;
  const child = Bun.spawn([...words, 'sh', '-c', script], { stdin: 'ignore', stdout: 'pipe', stderr: 'ignore' });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return text
    .split(/\r?\n\r?\n/)
    .slice(1)
    .join('\n')
    .trim();
}

export async function reaches(words: readonly string[], host: string, port: number): Promise<boolean> {
  return host !== '' && (await fetchFrom(words, host, port)) === 'hello';
}

/** For what is expected to: a machine under load may take longer than one try waits. */
export async function reachesSoon(words: readonly string[], host: string, port: number): Promise<boolean> {
  for (let tries = 0; tries < 5; tries++) if (await reaches(words, host, port)) return true;
  return false;
}

/** From where. */
export function askers(
  lab: NetworkLab,
  servers: Readonly<Record<string, Server>>,
): Readonly<Record<string, readonly string[]>> {
  const inside = Object.entries(servers).map(([name, server]) => [name, within(server)] as const);
  return { ...Object.fromEntries(inside), host: lab.host, outside: lab.outside };
}

/** What GET /containers/NAME/ports says of the addresses of one family: `80/tcp outside` and whether it is reached. */
export async function explained(
  daemon: TestDaemon,
  name: string,
  hostIp: string,
): Promise<ReadonlyMap<string, string>> {
  const answer = await fetch(`http://localhost/containers/${name}/ports`, { unix: daemon.socket });
  const ports = (await answer.json()) as readonly PortExplanation[];
  const found = ports.filter(({ HostIp }) => HostIp === hostIp);
  return new Map(found.flatMap(({ From }) => From.map(({ Where, Reached }) => [Where, Reached] as const)));
}

/** Runs at most `most` at a time: what does not answer takes a second. */
export async function inTurns<T>(jobs: readonly (() => Promise<T>)[], most = 24): Promise<readonly T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let mine = next++; mine < jobs.length; mine = next++) results[mine] = (await jobs[mine]?.()) as T;
  };
  await Promise.all(Array.from({ length: most }, work));
  return results;
}
