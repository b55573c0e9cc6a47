import { ask, must } from './ask.ts';
import { pick } from './random.ts';
import type { World } from './worker.ts';

/** A container and what must be true of it. */
export interface Box {
  readonly id: string;
  name: string;
  state: 'created' | 'running' | 'paused' | 'exited';
  /** How often its process has begun, and so said a line. */
  starts: number;
  readonly networks: Set<string>;
  memoryBytes: number;
  /** What was put into /kept. */
  kept: string | undefined;
}

const MIB = 1024 * 1024;

/** Makes one of several kinds. */
export async function newBox({ daemon, random, prefix, networks, nextName }: World): Promise<Box> {
  const name = nextName('box');
  const network = pick(random, ['bridge', 'none', ...networks]) ?? 'none';
  const memoryBytes = 64 * MIB;
  const isPublished = network !== 'none' && random() < 0.4;
  const { Id } = (await must(daemon, 'POST', `/containers/create?name=${name}`, {
    Image: 'busybox',
    Cmd: ['sh', '-c', 'echo started; exec sleep 100000'],
    Labels: { soak: prefix },
    Volumes: random() < 0.4 ? { '/data': {} } : {},
    ...(random() < 0.2 && { Healthcheck: { Test: ['CMD', 'true'], Interval: 1_000_000_000, Timeout: 5_000_000_000 } }),
    HostConfig: {
      NetworkMode: network,
      Memory: memoryBytes,
      MemorySwap: -1,
      Init: random() < 0.3,
      PortBindings: isPublished ? { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } : {},
      Tmpfs: random() < 0.2 ? { '/scratch': '' } : {},
    },
  })) as { Id: string };
  const own = new Set(network === 'none' ? [] : [network]);
  return { id: Id, name, state: 'created', starts: 0, networks: own, memoryBytes, kept: undefined };
}

interface Inspected {
  readonly Name: string;
  readonly State: { readonly Status: string; readonly Pid: number; readonly ExitCode: number };
  readonly HostConfig: { readonly Memory: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** Errors: the daemon does not say of it what must be so. */
export async function checkBox({ daemon }: Pick<World, 'daemon'>, box: Box): Promise<void> {
  const seen = (await must(daemon, 'GET', `/containers/${box.id}/json`)) as Inspected;
  const { Networks } = seen.NetworkSettings;
  expectSame('name', seen.Name, `/${box.name}`);
  expectSame('state', seen.State.Status, box.state);
  expectSame('memory limit', seen.HostConfig.Memory, box.memoryBytes);
  const names = Object.keys(Networks).filter((name) => name !== 'none');
  expectSame('networks', names.toSorted().join(' '), [...box.networks].toSorted().join(' '));
  const runs = box.state === 'running' || box.state === 'paused';
  expectSame('process', seen.State.Pid > 0, runs);
  const hasAddresses = names.every((name) => Networks[name]?.IPAddress !== '');
  if (runs) expectSame('addresses', hasAddresses, true);
  if (box.state === 'exited') expectSame('exit code', seen.State.ExitCode, 137);
}

/** A request that must be answered with that status. */
export async function expectStatus(status: number, ...request: Parameters<typeof ask>): Promise<string> {
  const answer = await ask(...request);
  if (answer.status !== status)
    throw new Error(`${request[1]} ${request[2]}: ${answer.status} ${answer.text.slice(0, 500)}, not ${status}`);
  return answer.text;
}

export function expectSame(what: string, seen: unknown, wanted: unknown): void {
  if (seen !== wanted) throw new Error(`${what}: ${JSON.stringify(seen)}, not ${JSON.stringify(wanted)}`);
}
