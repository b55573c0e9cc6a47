import type { ContainerInspectResponse } from '../../src/api/types/container.ts';
import type { Network } from '../../src/api/types/network.ts';
import type { TestDaemon } from '../helpers/daemon.ts';
import { disagreements } from './network-checks.ts';

/** An operation, and what came of it. */
export interface Asked {
  readonly what: string;
  /** `done`: it was acknowledged; `refused`: it was answered with an error; `cut off`: there was no answer. */
  readonly outcome: 'done' | 'refused' | 'cut off';
  /** True of the daemon's state when the operation was done. */
  readonly holds: (networks: readonly Network[], containers: readonly ContainerInspectResponse[]) => boolean;
}

const CONTAINERS = ['c0', 'c1', 'c2'];
/** What a new network may be. */
const KINDS = ['ipv4', 'dual', 'ipv6', 'internal', 'no-icc', 'macvlan'] as const;

/** Networks and running containers of a daemon, and operations on them that do not meet in one round. */
export class NetworkModel implements AsyncDisposable {
  /** Names of links begin so: others may test on the machine at the same time. */
  readonly prefix = `nr${(process.pid % 46_656).toString(36)}x`;
  private number = 0;
  private networks: string[] = [];
  /** Names of the networks that a container is on. */
  private readonly joined = new Map<string, Set<string>>(CONTAINERS.map((name) => [name, new Set()]));
  /** Not to be touched again in this round. */
  private readonly busy = new Set<string>();

  private readonly daemon: TestDaemon;
  private readonly random: () => number;

  constructor(daemon: TestDaemon, random: () => number) {
    this.daemon = daemon;
    this.random = random;
  }

  async begin(): Promise<void> {
    run('ip', 'link', 'add', `${this.prefix}p`, 'type', 'veth', 'peer', 'name', `${this.prefix}q`);
    run('ip', 'link', 'set', `${this.prefix}p`, 'up');
    for (const name of CONTAINERS)
      await this.daemon.ok(['run', '-d', '--name', name, '-p', '127.0.0.1::80', 'busybox', 'sleep', '100000']);
  }

  /** Starts one operation of those that are possible. `most`: networks. */
  ask(most: number): Promise<Asked> {
    const free = this.networks.filter((name) => !this.busy.has(name));
    const unused = free.filter((name) => CONTAINERS.every((container) => !this.joined.get(container)?.has(name)));
    const container = this.pick(CONTAINERS.filter((name) => !this.busy.has(name)));
    const mine = free.filter((name) => container && this.joined.get(container)?.has(name));
    const others = free.filter((name) => container && !this.joined.get(container)?.has(name));
    const dice = this.random();
    const [leaves, joins, goes] = [this.pick(mine), this.pick(others), this.pick(unused)];
    if (container && leaves && dice < 0.25) return this.disconnect(container, leaves);
    if (container && joins && dice < 0.55) return this.connect(container, joins);
    if (goes && (dice < 0.75 || this.networks.length >= most)) return this.remove(goes);
    return this.create();
  }

  /** What is wrong after a new start; and the model is as the daemon has it from now on. */
  async check(asked: readonly Asked[]): Promise<readonly string[]> {
    this.busy.clear();
    const networks = await this.get<Network[]>('/networks?filters={"type":["custom"]}');
    const full = await Promise.all(networks.map(({ Id }) => this.get<Network>(`/networks/${Id}`)));
    const containers = await Promise.all(
      CONTAINERS.map((name) => this.get<ContainerInspectResponse>(`/containers/${name}/json`)),
    );
    this.networks = full.map(({ Name = '' }) => Name);
    CONTAINERS.forEach((name, at) => {
      this.joined.set(name, new Set(Object.keys(containers[at]?.NetworkSettings?.Networks ?? {})));
    });
    return [
      ...asked
        .filter(({ outcome, holds }) => outcome === 'done' && !holds(full, containers))
        .map(({ what }) => `${what} was acknowledged, and is not so`),
      ...disagreements({ prefix: this.prefix, daemon: this.daemon, networks: full, containers }),
    ];
  }

  async end(): Promise<void> {
    await this.daemon.ok(['rm', '-f', ...CONTAINERS]);
    if (this.networks.length > 0) await this.daemon.ok(['network', 'rm', ...this.networks]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Bun.spawnSync(['ip', 'link', 'delete', `${this.prefix}p`]);
    await Promise.resolve();
  }

  private create(): Promise<Asked> {
    const kind = this.pick(KINDS) ?? 'ipv4';
    const number = ++this.number;
    const name = `${kind}-${number}`;
    const option = 'com.docker.network.bridge';
    const body = {
      Name: name,
      Driver: kind === 'macvlan' ? 'macvlan' : 'bridge',
      Internal: kind === 'internal',
      EnableIPv4: kind !== 'ipv6',
      EnableIPv6: kind === 'ipv6' || kind === 'dual',
      Options:
        kind === 'macvlan'
          ? { parent: `${this.prefix}p` }
          : { [`${option}.name`]: `${this.prefix}${number}`, [`${option}.enable_icc`]: `${kind !== 'no-icc'}` },
    };
    return this.operation(`create ${name}`, 'POST', '/networks/create', body, (networks) =>
      networks.some(({ Name }) => Name === name),
    );
  }

  private remove(name: string): Promise<Asked> {
    this.busy.add(name);
    return this.operation(`remove ${name}`, 'DELETE', `/networks/${name}`, undefined, (networks) =>
      networks.every(({ Name }) => Name !== name),
    );
  }

  private connect(container: string, network: string): Promise<Asked> {
    this.busy.add(container).add(network);
    const body = { Container: container };
    return this.operation(
      `connect ${network} ${container}`,
      'POST',
      `/networks/${network}/connect`,
      body,
      (_all, containers) => isOn(containers, container, network),
    );
  }

  private disconnect(container: string, network: string): Promise<Asked> {
    this.busy.add(container).add(network);
    const body = { Container: container };
    return this.operation(
      `disconnect ${network} ${container}`,
      'POST',
      `/networks/${network}/disconnect`,
      body,
      (_all, containers) => !isOn(containers, container, network),
    );
  }

  private async operation(
    what: string,
    method: string,
    path: string,
    body: object | undefined,
    holds: Asked['holds'],
  ): Promise<Asked> {
    try {
      const answer = await this.fetch(method, path, body);
      return { what, outcome: answer.ok ? 'done' : 'refused', holds };
    } catch {
      return { what, outcome: 'cut off', holds };
    }
  }

  private fetch(method: string, path: string, body?: object): Promise<Response> {
    return fetch(`http://localhost/v1.51${path}`, {
      unix: this.daemon.socket,
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  }

  private async get<T>(path: string): Promise<T> {
    const answer = await this.fetch('GET', path);
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  private pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.random() * from.length)];
  }
}

function isOn(containers: readonly ContainerInspectResponse[], container: string, network: string): boolean {
  return containers.some(
    ({ Name, NetworkSettings }) => Name === `/${container}` && network in (NetworkSettings?.Networks ?? {}),
  );
}

function run(...argv: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
}
