import { expect, test } from 'bun:test';
import { KnownError } from '../../lib/errors.ts';
import type { PortForward } from '../../linux/firewall/firewall.ts';
import { isTranslated } from '../../linux/firewall/ruleset-elements.ts';
import { createPortPublisher } from './port-publisher.ts';
import { isProxied, type Publication } from './publish-entries.ts';

/** A host in memory: what is held is text like `tcp 0.0.0.0:80`. `foreign`: held by others. `random`: what a random port will be. */
function createHost(options: {
  readonly foreign?: readonly string[];
  readonly random?: readonly number[];
  readonly ipv6?: boolean;
  readonly sctp?: boolean;
}) {
  const held = new Set<string>();
  const forwarded = new Set<string>();
  const reported: string[] = [];
  const random = [...(options.random ?? [])];
  const records: PortForward[] = [];
  const take = (protocol: string, ip: string, wished: number): number => {
    const port = wished === 0 ? (random.shift() ?? 0) : wished;
    const name = `${protocol} ${ip}:${port}`;
    if (held.has(name) || options.foreign?.includes(name)) throw new KnownError('conflict', 'address already in use');
    held.add(name);
    return port;
  };
  const nameOf = ({ protocol, hostIp, hostPort }: PortForward): string => `${protocol} ${hostIp}:${hostPort}`;
  const publisher = createPortPublisher({
    firewall: {
      reset: async () => undefined,
      add: async (forwards) => forwards.filter(isTranslated).forEach((forward) => forwarded.add(nameOf(forward))),
      remove: async (forwards) => forwards.forEach((forward) => forwarded.delete(nameOf(forward))),
      table: 'inet t',
      obstacles: async () => ({ input: [], forward: [] }),
      destroy: async () => undefined,
    },
    ports: {
      hold: async (protocol, ip, port) => take(protocol, ip, port),
      release: async (protocol, ip, port) => void held.delete(`${protocol} ${ip}:${port}`),
      translatesSctp: () => options.sctp ?? true,
    },
    proxies: {
      supported: () => options.ipv6 ?? true,
      start: async ({ protocol, hostIp, hostPort }) => ({ port: take(protocol, hostIp, hostPort), pid: 1 }),
      stop: async (forward) => void held.delete(nameOf(forward)),
      recover: async (known) => known,
    },
    published: () => records,
    report: (what) => reported.push(what),
  });
  return { publisher, held, forwarded, reported, records };
}

const record: Publication = {
  containerName: 'web',
  ipv4: { endpointId: 'e', ip: '172.17.0.2', gatewayMode: 'nat' },
  ipv6: undefined,
  forwards: [],
};
const wish = (hostIps: readonly string[], ...hostPorts: readonly number[]) =>
  ({ containerPort: 80, protocol: 'tcp', hostIps, hostPorts }) as const;
const BOTH = ['0.0.0.0', '::'];

test('both families get the same port, and the firewall hears of IPv4 only', async () => {
  const { publisher, held, forwarded } = createHost({ random: [4000] });
  const forwards = await publisher.publish(record, [wish(BOTH, 8080), wish(BOTH, 0)], () => undefined);
  expect(forwards.map(({ hostIp, hostPort }) => `${hostIp} ${hostPort}`)).toEqual([
    '0.0.0.0 8080',
    ':: 8080',
    '0.0.0.0 4000',
    ':: 4000',
  ]);
  expect([...forwarded]).toEqual(['tcp 0.0.0.0:8080', 'tcp 0.0.0.0:4000']);
  await publisher.unpublish(forwards);
  expect([held.size, forwarded.size]).toEqual([0, 0]);
});

test('without IPv6 on the host every address means IPv4 only', async () => {
  const { publisher } = createHost({ ipv6: false });
  const forwards = await publisher.publish(record, [wish(BOTH, 8080)], () => undefined);
  expect(forwards.map(({ hostIp }) => hostIp)).toEqual(['0.0.0.0']);
});

test.each([
  ['tcp 0.0.0.0:8080', '0.0.0.0:8080'],
  ['tcp :::8080', '[::]:8080'],
])('with %s taken by another process nothing is held and the error says where', async (foreign, where) => {
  const { publisher, held } = createHost({ foreign: [foreign] });
  await expect(publisher.publish(record, [wish(BOTH, 8080)], () => undefined)).rejects.toThrow(
    `driver failed programming external connectivity on endpoint web (e): failed to bind host port for ${where}:172.17.0.2:80/tcp: address already in use`,
  );
  expect(held.size).toBe(0);
});

test('a random port and a range go on to a port that is free in both families', async () => {
  const { publisher, held } = createHost({ foreign: ['tcp :::4000', 'tcp :::9000'], random: [4000, 4001] });
  const forwards = await publisher.publish(record, [wish(BOTH, 0), wish(BOTH, 9000, 9001)], () => undefined);
  expect(forwards.map(({ hostPort }) => hostPort)).toEqual([4001, 4001, 9001, 9001]);
  expect(held.size).toBe(4);
});

test.each([
  [['0.0.0.0'], ['127.0.0.1'], '127.0.0.1'],
  [['127.0.0.1'], ['127.0.0.2'], undefined],
  [['::'], ['::1'], '::1'],
  [['::1'], BOTH, '::'],
  [['0.0.0.0'], ['::'], undefined],
] as const)(
  'with %p published by one container, another that publishes %p is refused for %p',
  async (first, second, refused) => {
    const { publisher, records } = createHost({});
    records.push(...(await publisher.publish(record, [wish(first, 8080)], () => undefined)));
    const result = publisher.publish(record, [wish(second, 8080)], () => undefined);
    if (refused === undefined) expect((await result).length).toBe(1);
    else await expect(result).rejects.toThrow(`Bind for ${refused}:8080 failed: port is already allocated`);
  },
);

test('recovery holds what is known again and reports what others have taken', async () => {
  const { publisher, held, reported } = createHost({ foreign: ['tcp :::81'] });
  const forward = { protocol: 'tcp', containerIp: '172.17.0.2', containerPort: 80 } as const;
  await publisher.recover([
    { ...forward, hostIp: '::', hostPort: 80 },
    { ...forward, hostIp: '::', hostPort: 81 },
    { ...forward, hostIp: '0.0.0.0', hostPort: 81 },
  ]);
  expect([[...held], reported]).toEqual([['tcp 0.0.0.0:81', 'tcp :::80'], ['holding port 81/tcp']]);
});

test('forwards that move keep their ports on the host, in both families', async () => {
  const { publisher, held, forwarded } = createHost({});
  const forwards = await publisher.publish(record, [wish(BOTH, 8080)], () => undefined);
  const elsewhere = { endpointId: 'f', ip: '10.0.0.9', gatewayMode: 'nat' } as const;
  const moved = await publisher.move({ ...record, forwards, ipv4: elsewhere }, [], () => undefined);
  expect(moved.map(({ hostIp, hostPort, containerIp }) => `${hostIp} ${hostPort} ${containerIp}`)).toEqual([
    '0.0.0.0 8080 10.0.0.9',
    ':: 8080 10.0.0.9',
  ]);
  expect([[...held].sort(), [...forwarded]]).toEqual([['tcp 0.0.0.0:8080', 'tcp :::8080'], ['tcp 0.0.0.0:8080']]);
});

const V6 = { endpointId: 'e', ip: 'fd00::2', gatewayMode: 'nat' } as const;
const ROUTED = { endpointId: 'e', ip: 'fd00::2', gatewayMode: 'routed' } as const;
const ROUTED4 = { endpointId: 'e', ip: '10.0.0.2', gatewayMode: 'routed' } as const;

/** Text of each forward: host, container, and what holds the port. */
test.each([
  ['both families', { ipv6: V6 }, BOTH, ['0.0.0.0:8080>172.17.0.2 kernel', ':::8080>fd00::2 kernel+proxy']],
  ['IPv6 alone', { ipv4: undefined, ipv6: V6 }, BOTH, ['0.0.0.0:8080>fd00::2 proxy', ':::8080>fd00::2 kernel+proxy']],
  ['the loopback address', { ipv6: V6 }, ['::1'], ['::1:8080>fd00::2 proxy']],
  ['routed IPv6', { ipv6: ROUTED }, BOTH, ['0.0.0.0:8080>172.17.0.2 kernel', ':::0>fd00::2 open']],
  ['routed IPv4', { ipv4: ROUTED4 }, ['127.0.0.1', '::'], ['0.0.0.0:0>10.0.0.2 open']],
  ['an isolated network', { ipv4: { ...ROUTED4, gatewayMode: 'isolated' } }, BOTH, []],
] as const)('a container with %s is published as it can be reached', async (_name, targets, hostIps, expected) => {
  const { publisher, held, forwarded } = createHost({});
  const whose = { ...record, ...targets };
  const forwards = await publisher.publish(whose, [wish(hostIps, 8080)], () => undefined);
  const shown = forwards.map((forward) => {
    const ways = [...(isTranslated(forward) ? ['kernel'] : []), ...(isProxied(forward) ? ['proxy'] : [])];
    const { hostIp, hostPort, containerIp } = forward;
    return `${hostIp}:${hostPort}>${containerIp} ${ways.join('+') || 'open'}`;
  });
  expect(shown).toEqual([...expected]);
  await publisher.unpublish(forwards);
  expect([held.size, forwarded.size]).toEqual([0, 0]);
});

test('left to the host, a port is taken by a process in both families and the kernel translates nothing', async () => {
  const { publisher, held, forwarded } = createHost({});
  const forwards = await publisher.publish(record, [{ ...wish(BOTH, 8080), byHost: true }], () => undefined);
  expect([forwards.map(isProxied), [...held], [...forwarded]]).toEqual([
    [true, true],
    ['tcp 0.0.0.0:8080', 'tcp :::8080'],
    [],
  ]);
});

test('SCTP is translated in the families that the container has, is held by nothing, and still conflicts', async () => {
  const { publisher, held, forwarded, records } = createHost({});
  const sctp = (...hostPorts: readonly number[]) => ({ ...wish(BOTH, ...hostPorts), protocol: 'sctp' }) as const;
  records.push(...(await publisher.publish(record, [sctp(38412), sctp(0)], () => undefined)));
  expect(records.map(({ hostIp, hostPort }) => `${hostIp} ${hostPort}`)).toEqual(['0.0.0.0 38412', '0.0.0.0 49153']);
  expect([held.size, [...forwarded]]).toEqual([0, ['sctp 0.0.0.0:38412', 'sctp 0.0.0.0:49153']]);
  await expect(publisher.publish(record, [sctp(38412)], () => undefined)).rejects.toThrow('port is already allocated');
  const without = createHost({ sctp: false }).publisher;
  await expect(without.publish(record, [sctp(1)], () => undefined)).rejects.toThrow(
    'port 80/sctp: this kernel tracks no SCTP connections',
  );
});

test('a move to a routed network opens the port there and lets the one of the host go; a move back takes it again', async () => {
  const { publisher, held } = createHost({});
  const wishes = [wish(['0.0.0.0'], 8080)];
  const forwards = await publisher.publish(record, wishes, () => undefined);
  const kept: string[] = [];
  const keep = (now: readonly PortForward[]): void =>
    void kept.push(now.map(({ hostPort, containerIp }) => `${hostPort}>${containerIp}`).join());
  const routed = await publisher.move({ ...record, forwards, ipv4: ROUTED4 }, wishes, keep);
  expect(held.size).toBe(0);
  await publisher.move({ ...record, forwards: routed }, wishes, keep);
  expect([kept, held.size]).toEqual([['', '0>10.0.0.2', '', '8080>172.17.0.2'], 1]);
});

test('a port that cannot be recorded is not held', async () => {
  const { publisher, held, forwarded } = createHost({});
  const kept: number[] = [];
  const keep = (forwards: readonly PortForward[]): void => {
    if (forwards.length > 1) throw new KnownError('system', 'the disk is sick');
    kept.push(forwards.length);
  };
  await expect(publisher.publish(record, [wish(['0.0.0.0'], 80), wish(['0.0.0.0'], 81)], keep)).rejects.toThrow('sick');
  expect([kept, [...held], [...forwarded]]).toEqual([[1], ['tcp 0.0.0.0:80'], []]);
});
