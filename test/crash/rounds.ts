import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { linksOf } from '../helpers/leftovers.ts';
import { type Expected, judge, judgeLog, type Seen } from './model.ts';

/** Containers kept at most; the oldest are removed between rounds. */
const KEPT = 8;
const SETTLE_MS = 20_000;

export interface RoundsResult {
  readonly rounds: number;
  readonly operations: number;
  readonly cutOff: number;
  readonly problems: readonly string[];
}

/**
 * Rounds of: work on containers through the API, SIGKILL the daemon at a random moment, start it again, compare what is there with what was
 * acknowledged, and the machine with what is there. Stops at the first round with a problem. `random` in [0,1).
 */
export async function crashRounds(
  count: number,
  random: () => number,
  tell: (line: string) => void,
): Promise<RoundsResult> {
  await using daemon = await startDaemon();
  const world = new World(daemon, random);
  let rounds = 0;
  while (rounds < count && world.problems.length === 0) {
    rounds++;
    await world.round();
    tell(`round ${rounds}: ${world.summary()}`);
  }
  return { rounds, operations: world.operations, cutOff: world.cutOff, problems: world.problems };
}

class World {
  readonly problems: string[] = [];
  operations = 0;
  cutOff = 0;
  private containers: Expected[] = [];
  private made = 0;
  private killed = false;
  private readonly daemon: TestDaemon;
  private readonly random: () => number;

  constructor(daemon: TestDaemon, random: () => number) {
    this.daemon = daemon;
    this.random = random;
  }

  summary(): string {
    const states = this.containers.map(({ state }) => state);
    const count = (state: string): number => states.filter((one) => one === state).length;
    return `${count('running')} running, ${count('stopped')} stopped, ${count('created')} created; ${this.operations} operations, ${this.cutOff} cut off`;
  }

  async round(): Promise<void> {
    this.killed = false;
    const workers = Array.from({ length: 3 }, () => this.work());
    await Bun.sleep(20 + this.random() * 400);
    this.killed = true;
    await this.daemon.kill9();
    await Promise.all(workers);
    await this.daemon.restart();
    await this.compare();
    await this.thinOut();
  }

  /** One client: a life of a container after another, until the daemon is gone. */
  private async work(): Promise<void> {
    while (!this.killed) {
      const own = this.newContainer();
      this.containers.push(own);
      const steps = [() => this.create(own), () => this.start(own), () => this.stop(own), () => this.remove(own)];
      const wanted = own.kind === 'auto' ? 2 : 2 + Math.floor(this.random() * 3);
      for (const step of steps.slice(0, wanted)) if (!(await step())) return;
    }
  }

  private newContainer(): Expected {
    const dice = this.random();
    const kind = dice < 0.5 ? 'counter' : dice < 0.75 ? 'short' : 'auto';
    return {
      name: `box${++this.made}`, // no hexadecimal: it must not be taken for the beginning of an id
      kind,
      state: 'none',
      underWay: undefined,
      id: '',
      pid: 0,
      startedAt: '',
      exitCode: kind !== 'counter' ? 1 + Math.floor(this.random() * 100) : 137,
    };
  }

  private async create(own: Expected): Promise<boolean> {
    const counter = 'n=0; while n=$((n+1)); do echo $n; sleep 0.02; done';
    const script = own.kind === 'counter' ? counter : `sleep 0.1; exit ${own.exitCode}`;
    const ports = this.random() < 0.3 ? { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } : {};
    const body = {
      Image: 'busybox',
      Cmd: ['sh', '-c', script],
      StopTimeout: 0,
      HostConfig: {
        AutoRemove: own.kind === 'auto',
        NetworkMode: this.random() < 0.5 ? 'bridge' : 'none',
        PortBindings: ports,
      },
    };
    const answer = await this.ask(own, 'create', 'POST', `/containers/create?name=${own.name}`, body);
    if (!answer) return false;
    own.id = ((await answer.json()) as { Id: string }).Id;
    own.state = 'created';
    return true;
  }

  private async start(own: Expected): Promise<boolean> {
    if (!(await this.ask(own, 'start', 'POST', `/containers/${own.id}/start`))) return false;
    own.state = 'running';
    const seen = await this.look(own.id).catch(() => undefined);
    if (!seen) return own.kind === 'auto';
    own.pid = seen.pid;
    own.startedAt = seen.startedAt;
    return true;
  }

  private async stop(own: Expected): Promise<boolean> {
    if (!(await this.ask(own, 'stop', 'POST', `/containers/${own.id}/stop`))) return false;
    own.state = 'stopped';
    return true;
  }

  private async remove(own: Expected): Promise<boolean> {
    if (!(await this.ask(own, 'remove', 'DELETE', `/containers/${own.id}?force=1`))) return false;
    own.state = 'removed';
    return true;
  }

  /** undefined: the daemon went away before it answered. A refusal is a problem. */
  private async ask(
    own: Expected,
    what: NonNullable<Expected['underWay']>,
    method: string,
    path: string,
    body?: object,
  ): Promise<Response | undefined> {
    own.underWay = what;
    this.operations++;
    try {
      const answer = await this.fetch(method, path, body);
      const goneByItself = own.kind === 'auto' && what === 'remove' && [404, 409].includes(answer.status);
      if (answer.status >= 400 && !goneByItself)
        this.problems.push(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      own.underWay = undefined;
      return answer.status < 400 ? answer : undefined;
    } catch {
      if (!this.killed) this.problems.push(`${method} ${path}: the connection broke`);
      this.cutOff++;
      return undefined;
    }
  }

  private async fetch(method: string, path: string, body?: object): Promise<Response> {
    const init = { method, unix: this.daemon.socket, keepalive: false, signal: AbortSignal.timeout(30_000) };
    const json = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
    return await fetch(`http://d${path}`, body ? { ...init, ...json } : init);
  }

  private async look(id: string): Promise<Seen | undefined> {
    const answer = await this.fetch('GET', `/containers/${id}/json`);
    if (answer.status === 404) return undefined;
    const { State } = (await answer.json()) as {
      State: { Status: string; Pid: number; StartedAt: string; ExitCode: number };
    };
    return { status: State.Status, pid: State.Pid, startedAt: State.StartedAt, exitCode: State.ExitCode };
  }

  /** Promises against the daemon's answers, then the daemon's answers against the machine. What is found is taken over for the next round. */
  private async compare(): Promise<void> {
    for (const own of this.containers) {
      const seen = await this.look(own.id || own.name);
      this.problems.push(...judge(own, seen));
      if (seen && own.kind === 'counter' && seen.startedAt !== '' && own.state === 'running')
        this.problems.push(...judgeLog(own.name, await this.log(own)));
      own.underWay = undefined;
      own.state = !seen
        ? 'removed'
        : seen.status === 'running'
          ? 'running'
          : seen.status === 'created'
            ? 'created'
            : 'stopped';
      Object.assign(own, seen && { pid: seen.pid, startedAt: seen.startedAt, id: own.id || own.name });
    }
    this.containers = this.containers.filter(({ state }) => state !== 'removed');
    await this.untilMachineAgrees();
  }

  private async log(own: Expected): Promise<string> {
    const answer = await this.fetch('GET', `/containers/${own.id}/logs?stdout=1`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32BE(at + 4))
      text += bytes.toString('utf8', at + 8, at + 8 + bytes.readUInt32BE(at + 4));
    return text;
  }

  private async untilMachineAgrees(): Promise<void> {
    const deadline = Date.now() + SETTLE_MS;
    for (;;) {
      const differences = await this.differences();
      if (differences.length === 0) return;
      if (Date.now() > deadline) {
        this.problems.push(...differences);
        return;
      }
      await Bun.sleep(50);
    }
  }

  /** Everything that runs, is mounted, wired or kept must belong to a container that says so. */
  private async differences(): Promise<readonly string[]> {
    const answer = await this.fetch('GET', '/containers/json?all=1');
    const all = (await answer.json()) as {
      Id: string;
      State: string;
      HostConfig: { NetworkMode: string };
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
      Ports: { PublicPort?: number }[];
    }[];
    const { root, bridge } = this.daemon;
    const running = all.filter(({ State }) => State === 'running');
    const bridged = running.filter(({ HostConfig }) => HostConfig.NetworkMode === 'bridge');
    const unknown = all.filter(
      ({ Id }) => !this.containers.some(({ id, name }) => Id === id || name === id || id === ''),
    );
    const addresses = bridged.map(({ NetworkSettings }) => NetworkSettings.Networks['bridge']?.IPAddress ?? '');
    const ports = running.flatMap(({ Ports }) => Ports.flatMap(({ PublicPort }) => PublicPort ?? []));
    const mounts = mountsBelow(root);
    return [
      ...differ('monitors', monitorsOf(root), running.length),
      ...differ('root file systems', mounts.filter((path) => path.endsWith('/rootfs')).length, running.length),
      ...differ('network namespaces', mounts.filter((path) => path.includes('/netns/')).length, running.length),
      ...differ('network namespace files', namesIn(join(root, 'e/netns')).length, running.length),
      ...differ('run folders', namesIn(join(root, 'e/c')).length, running.length),
      ...differ('runtime states', namesIn(join(root, 'e/crun')).length, running.length),
      ...differ('links', linksOf(bridge).length, bridged.length),
      ...differ('container folders', namesIn(join(root, 'd/containers')).length, all.length),
      ...differ('writable layers', namesIn(join(root, 'd/writable')).length, all.length),
      ...differ('different addresses', new Set(addresses).size, addresses.length),
      ...differ('different host ports', new Set(ports).size, ports.length),
      ...(unknown.length > this.containers.filter(({ id }) => id === '').length ? ['containers nobody made'] : []),
    ];
  }

  private async thinOut(): Promise<void> {
    for (const own of this.containers.splice(0, Math.max(0, this.containers.length - KEPT))) await this.remove(own);
  }
}

function differ(what: string, found: number, wanted: number): readonly string[] {
  return found === wanted ? [] : [`${found} ${what}, should be ${wanted}`];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function mountsBelow(root: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(root));
}

function monitorsOf(root: string): number {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.includes('skiff-monitor') && line.includes(root);
    } catch {
      return false;
    }
  }).length;
}

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 100);
  const { rounds, operations, cutOff, problems } = await crashRounds(count, Math.random, (line) =>
    console.log(line),
  ).catch((error: unknown) => {
    // Both what went wrong and what could not be cleaned up then.
    console.log(error instanceof SuppressedError ? [error.suppressed, error.error] : error);
    process.exit(1);
  });
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  console.log(
    `${rounds} rounds, ${operations} operations, ${cutOff} cut off by SIGKILL: ${problems.length === 0 ? 'nothing lost, nothing left' : `${problems.length} problems`}`,
  );
  process.exit(problems.length === 0 ? 0 : 1);
}
