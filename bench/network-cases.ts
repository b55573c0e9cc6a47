import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from './cases.ts';
import { docker, type Engine } from './engines.ts';

const ROUNDS = 5;
const PORT = 18_080;
const WIDTH = 16;
const HTTP_REQUESTS = 20_000;
const DNS_QUERIES = 20_000;
const MEGABYTES = 1000;
const ANY_LOAD = /^(\d+)(?: (\d+) (\d+))?$/;

/**
 * Networks, on engines that have a network namespace of their own (see startEngine): there each has its firewall and everything else as it
 * comes. So dockerd's 127.0.0.1:PORT goes through its docker-proxy and ours through the kernel, which is what their users have.
 * Rates are given as the time for a fixed number, as all other cases are: 1.5 times the rate is 0.67 of the time.
 */
export function createNetworkCases(): { readonly cases: readonly Case[] } & Disposable {
  const scratch = mkdtempSync(join(tmpdir(), 'skb-network-'));
  const program = join(scratch, 'load');
  let isBuilt = false;
  /** `web` serves and takes, `client` asks; both are of this round. */
  const pair = (engine: Engine): void => {
    if (!isBuilt) build(program);
    isBuilt = true;
    ensureNetwork(engine);
    const common = ['run', '-d', '--network', 'app', '-v', `${program}:/load`];
    const serve = ['busybox', 'sh', '-c', '/load sink 81 & exec /load serve 80'];
    docker(engine, ...common, '--name', 'web', '--network-alias', 'api', '-p', `127.0.0.1:${PORT}:80`, ...serve);
    docker(engine, ...common, '--name', 'client', 'busybox', 'sleep', '1000');
    // What listens and answers is ready.
    inside(engine, 'http', addressOf(engine, 'web'), '80', '1', '1');
    inside(engine, 'send', addressOf(engine, 'web'), '81', '1');
  };
  const inside = (engine: Engine, ...args: readonly string[]): Load =>
    parse(docker(engine, 'exec', 'client', '/load', ...args));
  const cases: readonly Case[] = [
    {
      name: 'network create + rm',
      rounds: 20,
      target: 0.4,
      run: (engine) => {
        docker(engine, 'network', 'create', 'made');
        docker(engine, 'network', 'rm', 'made');
      },
    },
    {
      name: 'run --rm on a user-defined network, alias and published port',
      rounds: 20,
      target: 0.25,
      prepare: ensureNetwork,
      run: (engine) => {
        const place = ['--network', 'app', '--network-alias', 'api', '-p', `${PORT}:80`];
        docker(engine, 'run', '--rm', ...place, 'busybox', 'true');
      },
    },
    {
      name: `network: ${HTTP_REQUESTS} HTTP requests by a port published on loopback, ${WIDTH} connections`,
      rounds: ROUNDS,
      target: 0.67,
      prepare: pair,
      run: (engine) => {
        const [pid = 0] = engine.pids().engine;
        const load = [program, 'http', '127.0.0.1', `${PORT}`, `${HTTP_REQUESTS}`, `${WIDTH}`];
        return parse(must(['nsenter', '-t', `${pid}`, '-n', ...load])).tookMs;
      },
    },
    {
      name: `network: ${MEGABYTES} MB from container to container`,
      rounds: ROUNDS,
      target: 1,
      prepare: pair,
      run: (engine) => inside(engine, 'send', addressOf(engine, 'web'), '81', `${MEGABYTES}`).tookMs,
    },
    {
      name: `network: ${DNS_QUERIES} DNS queries for a container's name, ${WIDTH} at once`,
      rounds: ROUNDS,
      target: 1,
      prepare: pair,
      run: (engine) => inside(engine, 'dns', '127.0.0.11', 'api', `${DNS_QUERIES}`, `${WIDTH}`).tookMs,
    },
    {
      name: `network: the 99th percentile of these DNS answers`,
      rounds: ROUNDS,
      target: 1,
      prepare: pair,
      run: (engine) => inside(engine, 'dns', '127.0.0.11', 'api', `${DNS_QUERIES}`, `${WIDTH}`).p99Ms,
    },
  ];
  return { cases, [Symbol.dispose]: () => rmSync(scratch, { recursive: true, force: true }) };
}

interface Load {
  readonly tookMs: number;
  readonly p99Ms: number;
}

/** What network-load.c prints. */
function parse(line: string): Load {
  const [, took, , p99] = ANY_LOAD.exec(line) ?? [];
  if (took === undefined) throw new Error(`not what a load says: ${JSON.stringify(line)}`);
  return { tookMs: Number(took) / 1e6, p99Ms: Number(p99) / 1e6 };
}

function build(program: string): void {
  const source = join(import.meta.dirname, 'network-load.c');
  must(['gcc', '-O2', '-static', '-Wall', '-Wextra', '-Werror', '-o', program, source]);
}

function ensureNetwork(engine: Engine): void {
  const names = docker(engine, 'network', 'ls', '--format', '{{.Name}}').split('\n');
  if (!names.includes('app')) docker(engine, 'network', 'create', 'app');
}

function addressOf(engine: Engine, container: string): string {
  return docker(engine, 'inspect', '-f', '{{.NetworkSettings.Networks.app.IPAddress}}', container);
}

function must(argv: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
  return stdout.toString().trim();
}
