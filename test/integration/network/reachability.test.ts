import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { createNetworkLab, HOST, HOST6, type NetworkLab, OUTSIDE, OUTSIDE6 } from '../../helpers/network-lab.ts';
import {
  addressOf,
  askers,
  explained,
  fetchFrom,
  inTurns,
  reaches,
  type Server,
  serveOutside,
  startServer,
  type Way,
  within,
} from './reach.ts';

/**
 * Who reaches whom, on a host made for the test (`network-lab.ts`). A server in each network answers at ports 80, which is published (or, in routed
 * networks, opened), and 81, which is not. Asked from other containers, from the host, and from another host, which has routes to all of them.
 */
const OPTION = 'com.docker.network.bridge';
const NETWORKS: Readonly<Record<string, readonly string[]>> = {
  front: [],
  back: [],
  inside: ['--internal'],
  strict: ['-o', `${OPTION}.enable_icc=false`],
  dual: ['--ipv6', '--subnet', 'fd5c:1::/64'],
  routed: ['--ipv6', '--subnet', 'fd5c:2::/64', ...mode('routed')],
  open: ['--ipv6', '--subnet', 'fd5c:3::/64', ...mode('nat-unprotected')],
  isolated: ['--internal', ...mode('isolated', 4)],
  sourced: ['-o', 'com.docker.network.host_ipv4=192.0.2.2'],
  bare: ['-o', `${OPTION}.enable_ip_masquerade=false`],
  trusting: ['-o', `${OPTION}.trusted_host_interfaces=lan0`],
};

/** Published at these ports of the host; `near`: a neighbour of `front`; `lo`: on its loopback addresses alone. */
const PORTS: Readonly<Record<string, number>> = {
  bridge: 8001,
  front: 8002,
  strict: 8003,
  dual: 8004,
  routed: 8005,
  open: 8006,
  trusting: 8007,
  lo: 8008,
  inside: 8009,
};

/** Rows of the matrix: a server, how it is asked, and all who reach it. */
const ROWS: readonly (readonly [server: string, way: Way, port: 80 | 81, from: string])[] = [
  ['bridge', 'own', 80, 'bridge lo host'],
  ['bridge', 'own', 81, 'bridge lo host'],
  ['bridge', 'host', 80, 'bridge lo front near strict dual routed open trusting host outside'],
  ['bridge', 'host6', 80, 'dual routed open host outside'],
  ['bridge', 'loopback', 80, 'host'],
  ['bridge', 'loopback6', 80, 'host'],
  ['front', 'own', 80, 'front near host'],
  ['front', 'host', 80, 'bridge lo front near strict dual routed open trusting host outside'],
  ['strict', 'own', 80, 'strict host'],
  ['strict', 'host', 80, 'bridge lo front near dual routed open trusting host outside'],
  ['inside', 'own', 80, 'inside host'],
  ['inside', 'host', 80, ''],
  ['isolated', 'own', 80, 'isolated'],
  ['dual', 'own', 80, 'dual host'],
  ['dual', 'own6', 80, 'dual host'],
  ['dual', 'own6', 81, 'dual host'],
  ['dual', 'host', 80, 'bridge lo front near strict dual routed open trusting host outside'],
  ['dual', 'host6', 80, 'dual routed open host outside'],
  ['dual', 'loopback6', 80, 'host'],
  ['routed', 'own', 80, 'bridge lo front near strict dual routed open trusting host outside'],
  ['routed', 'own', 81, 'routed host'],
  ['routed', 'own6', 80, 'dual routed open host outside'],
  ['routed', 'own6', 81, 'routed host'],
  ['routed', 'host', 80, ''],
  ['routed', 'host6', 80, ''],
  ['open', 'own', 80, 'open host outside'],
  ['open', 'own', 81, 'open host outside'],
  ['open', 'own6', 81, 'open host outside'],
  ['open', 'host', 80, 'bridge lo front near strict dual routed open trusting host outside'],
  ['trusting', 'own', 80, 'trusting host outside'],
  ['trusting', 'own', 81, 'trusting host'],
  ['lo', 'loopback', 80, 'host'],
  ['lo', 'loopback6', 80, 'host'],
  ['lo', 'host', 80, ''],
  ['lo', 'own', 80, 'bridge lo host'],
];

const ASKERS = [
  'bridge',
  'lo',
  'front',
  'near',
  'strict',
  'inside',
  'isolated',
  'dual',
  'routed',
  'open',
  'trusting',
  'host',
  'outside',
];
/** A loopback address is another one inside of each container. */
const CELLS = ROWS.flatMap(([server, way, port, from]) =>
  ASKERS.filter((asker) => !way.startsWith('loopback') || asker === 'host' || asker === 'outside').map(
    (asker) => ({ server, way, port, asker, reached: from.split(' ').includes(asker) }) as const,
  ),
);

let lab: NetworkLab;
let daemon: TestDaemon;
const servers: Record<string, Server> = {};
const seen = new Map<string, boolean>();
const nameOf = ({ server, way, port, asker }: (typeof CELLS)[number]): string => `${server} ${way} ${port} ${asker}`;

beforeAll(async () => {
  lab = await createNetworkLab();
  await lab.run(['ip', 'address', 'add', '192.0.2.2/24', 'dev', 'lan0']);
  daemon = await startDaemon({ within: lab.host });
  for (const [name, flags] of Object.entries(NETWORKS)) await daemon.ok(['network', 'create', ...flags, name]);
  const publish = (name: string): readonly string[] => (PORTS[name] ? ['-p', `${PORTS[name]}:80`] : []);
  for (const name of ['bridge', ...Object.keys(NETWORKS)])
    servers[name] = await startServer(daemon, name, ['--network', name, ...publish(name)]);
  servers['near'] = await startServer(daemon, 'near', ['--network', 'front']);
  servers['lo'] = await startServer(daemon, 'lo', [
    '-p',
    `127.0.0.1:${PORTS['lo']}:80`,
    '-p',
    `[::1]:${PORTS['lo']}:80`,
  ]);
  const from = askers(lab, servers);
  const answers = await inTurns(
    CELLS.map((cell) => async () => {
      const server = servers[cell.server] as Server;
      const port = cell.way.startsWith('own') ? cell.port : (PORTS[cell.server] ?? 0);
      return await reaches(from[cell.asker] ?? [], addressOf(server, cell.way), port);
    }),
  );
  CELLS.forEach((cell, i) => seen.set(nameOf(cell), answers[i] === true));
}, 120_000);

afterAll(async () => {
  await daemon?.stop();
  await lab?.[Symbol.asyncDispose]();
}, 60_000);

for (const cell of CELLS)
  test(`${cell.server} by ${cell.way}, port ${cell.port}, is ${cell.reached ? '' : 'not '}reached from ${cell.asker}`, () => {
    expect(seen.get(nameOf(cell))).toBe(cell.reached);
  });

test.each([
  ['bridge', '0.0.0.0', 'host', 'lo', 'front'],
  ['bridge', '::', 'host6', '', 'dual'],
  ['front', '0.0.0.0', 'host', 'near', 'bridge'],
  ['dual', '::', 'host6', '', 'open'],
  ['lo', '127.0.0.1', 'host', 'bridge', 'front'],
  ['open', '0.0.0.0', 'host', '', 'front'],
] as const)(
  'what is said of a port of %s published at %s is what is seen',
  async (server, hostIp, way, neighbour, other) => {
    const cell = (asker: string, by: Way): boolean | undefined => seen.get(`${server} ${by} 80 ${asker}`);
    const said = await explained(daemon, server, hostIp);
    const loopback = hostIp === '::' ? 'loopback6' : 'loopback';
    for (const [where, asker, by] of [
      ['loopback', 'host', loopback],
      ['host', 'host', way],
      ['outside', 'outside', way],
      ['network', neighbour, way],
      ['others', other, way],
    ] as const)
      if (cell(asker, by) !== undefined)
        expect([where, said.get(where)]).toEqual([where, cell(asker, by) ? 'yes' : 'no']);
    expect(said.size).toBe(5);
  },
);

test.each([
  ['bridge', HOST, OUTSIDE],
  ['dual', HOST6, OUTSIDE6],
])('a server on %s sees the address of who asks from another host by %s', async (name, host, outside) => {
  expect(await fetchFrom(lab.outside, host, PORTS[name] ?? 0, '/cgi-bin/who')).toContain(outside);
});

test.each([
  ['front', HOST],
  ['routed', undefined],
  ['sourced', '192.0.2.2'],
  ['bare', undefined],
])(
  'another host sees what a container on %s asks it come from the address that the network says',
  async (name, source) => {
    await using _web = await serveOutside(lab, 7000);
    const server = servers[name] as Server;
    expect(await fetchFrom(within(server), OUTSIDE, 7000, '/cgi-bin/who')).toContain(source ?? server.ip);
  },
);

test('a container on two networks reaches both, and only those', async () => {
  const [front, back] = [servers['front'] as Server, servers['back'] as Server];
  await daemon.ok(['network', 'connect', 'back', 'front']);
  expect(await reaches(within(front), back.ip, 80)).toBe(true);
  await daemon.ok(['network', 'disconnect', 'back', 'front']);
  expect(await reaches(within(front), back.ip, 80)).toBe(false);
});

function mode(name: string, family?: 4): readonly string[] {
  const families = family ? [family] : [4, 6];
  return families.flatMap((version) => ['-o', `${OPTION}.gateway_mode_ipv${version}=${name}`]);
}
