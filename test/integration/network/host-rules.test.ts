import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type DebianDaemon, startDebianDaemon } from '../../clients/debian-daemon.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { findDockerCli, runCommand } from '../../helpers/docker-cli.ts';
import { createNetworkLab, HOST, type NetworkLab, OUTSIDE } from '../../helpers/network-lab.ts';
import {
  addressOf,
  askers,
  explained,
  inTurns,
  reaches,
  reachesSoon,
  type Server,
  serveOutside,
  startServer,
  type Way,
  within,
} from './reach.ts';

/**
 * The same containers on a host with rules of others: ufw's, firewalld's, Docker's. They drop what is forwarded and what comes to the host, but for
 * port 8103. Ports left to the host (`left`, `let`) obey them, the others do not.
 */
const POLICY = 'skiff.published-ports=host-firewall';
const PORTS: Readonly<Record<string, number>> = { web: 8101, left: 8102, let: 8103 };
const ASKERS = ['web', 'near', 'other', 'host', 'outside'];

/** As `ufw enable` with a port allowed makes them, for either family. */
const UFW = [
  '*filter',
  ':INPUT DROP [0:0]',
  ':FORWARD DROP [0:0]',
  ':OUTPUT ACCEPT [0:0]',
  ...['before-input', 'user-input', 'before-forward', 'user-forward', 'reject-forward'].map(
    (name) => `:ufw-${name} - [0:0]`,
  ),
  '-A INPUT -j ufw-before-input',
  '-A INPUT -j ufw-user-input',
  '-A FORWARD -j ufw-before-forward',
  '-A FORWARD -j ufw-user-forward',
  '-A FORWARD -j ufw-reject-forward',
  '-A ufw-before-input -i lo -j ACCEPT',
  '-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '-A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '-A ufw-user-input -p tcp --dport 8103 -j ACCEPT',
  'COMMIT',
  '',
].join('\n');

/** As firewalld makes them with nftables, for its zone public with a port allowed. */
const firewalldChain = (hook: 'input' | 'forward', ...more: readonly string[]): string =>
  [
    `chain filter_${hook.toUpperCase()} { type filter hook ${hook} priority filter + 10; policy drop;`,
    'ct state { established, related } accept',
    'ct status dnat accept',
    'iifname "lo" accept',
    'meta l4proto ipv6-icmp accept',
    ...more,
    'reject with icmpx admin-prohibited',
    '}',
  ].join('\n');
const FIREWALLD = `table inet firewalld {\n${firewalldChain('input', 'tcp dport 8103 accept')}\n${firewalldChain('forward')}\n}\n`;

/** Who reaches each port; `out`: whether containers reach other hosts. */
interface Rules {
  readonly name: string;
  load(): Promise<void>;
  unload(): Promise<void>;
  /** The host lets in from everywhere what comes to ports of its own. */
  readonly letsIn: boolean;
  readonly out: boolean;
}

let lab: NetworkLab;
let daemon: TestDaemon;
let debian: DebianDaemon | undefined;
let bridgedIsSeen = false;
const servers: Record<string, Server> = {};

beforeAll(async () => {
  lab = await createNetworkLab();
  daemon = await startDaemon({ within: lab.host, flags: ['--live-restore'] });
  const bridged = await lab.run(['sh', '-c', 'cat /proc/sys/net/bridge/bridge-nf-call-iptables || true']);
  bridgedIsSeen = bridged.trim() === '1';
  await daemon.ok(['network', 'create', 'net']);
  await daemon.ok(['network', 'create', 'other']);
  const on = (name: string, ...more: readonly string[]): readonly string[] => [
    '--network',
    'net',
    '-p',
    `${PORTS[name]}:80`,
    ...more,
  ];
  servers['web'] = await startServer(daemon, 'web', on('web'));
  servers['left'] = await startServer(daemon, 'left', on('left', '--label', POLICY));
  servers['let'] = await startServer(daemon, 'let', on('let', '--label', 'skiff.published-ports.80/tcp=host-firewall'));
  servers['near'] = await startServer(daemon, 'near', ['--network', 'net']);
  servers['other'] = await startServer(daemon, 'other', ['--network', 'other']);
}, 60_000);

afterAll(async () => {
  await debian?.[Symbol.asyncDispose]();
  await daemon?.stop();
  await lab?.[Symbol.asyncDispose]();
}, 60_000);

const RULES: readonly Rules[] = [
  { name: 'no rules', load: async () => undefined, unload: async () => undefined, letsIn: true, out: true },
  {
    name: "ufw's rules",
    async load() {
      await lab.run(['iptables-restore'], UFW);
      await lab.run(['ip6tables-restore'], UFW.replace('COMMIT', `${ND}\nCOMMIT`));
    },
    async unload() {
      await lab.run(['nft', 'delete', 'table', 'ip', 'filter']);
      await lab.run(['nft', 'delete', 'table', 'ip6', 'filter']);
    },
    letsIn: false,
    out: true,
  },
  {
    name: "firewalld's rules, and no firewalld to be asked",
    load: async () => void (await lab.run(['nft', '-f', '-'], FIREWALLD)),
    unload: async () => void (await lab.run(['nft', 'delete', 'table', 'inet', 'firewalld'])),
    letsIn: false,
    out: false,
  },
  {
    name: "Docker's daemon and its rules",
    async load() {
      debian = await startDebianDaemon({ within: lab.host });
      await lab.run(['iptables', '-P', 'FORWARD', 'DROP']);
    },
    unload: async () => undefined,
    letsIn: true,
    out: true,
  },
];
/** Neighbours are found by ICMPv6, which comes to the host. */
const ND = '-A ufw-before-input -p ipv6-icmp -j ACCEPT';

describe.each(RULES)('with $name', (rules) => {
  const reached = new Map<string, boolean>();
  beforeAll(async () => {
    await rules.load();
    // What others load is looked at when the daemon starts, and whenever it changes rules of its own.
    await daemon.kill9();
    await daemon.restart();
    const from = askers(lab, servers);
    const cells = ['web', 'left', 'let'].flatMap((name) =>
      (['host', 'host6', 'loopback', 'own'] as const).flatMap((way: Way) =>
        ASKERS.map((asker) => ({ name, way, asker })),
      ),
    );
    const answers = await inTurns(
      cells.map(({ name, way, asker }) => async () => {
        const port = way === 'own' ? 80 : (PORTS[name] ?? 0);
        return await reaches(from[asker] ?? [], addressOf(servers[name] as Server, way), port);
      }),
    );
    cells.forEach(({ name, way, asker }, i) => reached.set(`${name} ${way} ${asker}`, answers[i] === true));
  }, 60_000);
  afterAll(() => rules.unload(), 60_000);

  const seen = (name: string, way: Way): readonly string[] =>
    ASKERS.filter((asker) => reached.get(`${name} ${way} ${asker}`));
  const some = (...names: readonly (string | false)[]): readonly string[] => names.filter((name) => name !== false);

  test('a published port is reached from everywhere', () => {
    expect(seen('web', 'host')).toEqual(['web', 'near', 'other', 'host', 'outside']);
    expect(seen('web', 'loopback')).toEqual(['host']);
  });
  test.each(['host', 'host6'] as const)('a port left to the host is reached by %s as its rules say', (way) => {
    const inside = way === 'host' && rules.letsIn && ['web', 'near', 'other'];
    expect(seen('left', way)).toEqual(some(...(inside || []), 'host', rules.letsIn && 'outside'));
    expect(seen('let', way)).toEqual(some(...(way === 'host' ? ['web', 'near', 'other'] : []), 'host', 'outside'));
  });
  test("a container's own address is reached from its network and from the host", () => {
    // Where the kernel shows bridged packets to these hooks, firewalld refuses them too.
    const near = rules.out || !bridgedIsSeen;
    expect(seen('web', 'own')).toEqual(some('web', near && 'near', 'host'));
    expect(seen('left', 'own')).toEqual(some(near && 'web', near && 'near', 'host'));
  });
  test.each(['web', 'left', 'let'])('what is said of the port of %s is what is seen', async (name) => {
    const said = await explained(daemon, name, '0.0.0.0');
    const cells = {
      loopback: ['loopback', 'host'],
      host: ['host', 'host'],
      outside: ['host', 'outside'],
      network: ['host', 'near'],
      others: ['host', 'other'],
    } as const;
    for (const [where, [way, asker]] of Object.entries(cells))
      if (said.get(where) !== 'rules')
        expect([where, said.get(where)]).toEqual([where, seen(name, way).includes(asker) ? 'yes' : 'no']);
    expect(said.get('outside')).toBe(
      name === 'web' || rules.letsIn ? (rules.out || name !== 'web' ? 'yes' : 'rules') : 'rules',
    );
  });
  test(`containers reach other hosts: ${rules.out}`, async () => {
    await using _web = await serveOutside(lab, 7000);
    for (const name of ['web', 'other'])
      expect(await reaches(within(servers[name] as Server), OUTSIDE, 7000)).toBe(rules.out);
    if (!rules.out) expect(daemon.log()).toContain('chain filter_FORWARD of table inet firewalld drops');
  });
});

test("beside Docker's daemon: its published ports work, its containers and ours do not reach each other otherwise", async () => {
  const run = async (...args: readonly string[]): Promise<string> => {
    const { stdout, stderr, exitCode } = await runCommand([findDockerCli().path, ...args], {
      env: { DOCKER_HOST: debian?.host ?? '' },
    });
    expect([exitCode, stderr]).toEqual([0, '']);
    return stdout.trim();
  };
  const id = await run(
    'run',
    '-d',
    '-p',
    '8201:80',
    'busybox',
    'sh',
    '-c',
    'mkdir /w && echo hello >/w/index.html && httpd -p 81 -h /w && exec httpd -f -p 80 -h /w',
  );
  const [ip = '', pid = 0] = (await run('inspect', '-f', '{{.NetworkSettings.IPAddress}} {{.State.Pid}}', id)).split(
    ' ',
  );
  const theirs: Server = { name: id, pid: Number(pid), ip, ip6: '' };
  const ours = servers['web'] as Server;
  while (!(await reaches(within(theirs), '127.0.0.1', 80))) await Bun.sleep(20);
  expect({
    published: await reachesSoon(lab.outside, HOST, 8201),
    publishedFromOurs: await reachesSoon(within(ours), HOST, 8201),
    oursFromTheirs: await reachesSoon(within(theirs), HOST, PORTS['web'] ?? 0),
    direct: await reaches(within(ours), ip, 81),
    directFromTheirs: await reaches(within(theirs), ours.ip, 81),
  }).toEqual({
    published: true,
    publishedFromOurs: true,
    oursFromTheirs: true,
    direct: false,
    directFromTheirs: false,
  });
}, 60_000);

test('rules that come later are seen soon', async () => {
  const web = servers['web'] as Server;
  await using _web = await serveOutside(lab, 7001);
  for (const table of ['filter', 'nat']) await lab.run(['iptables', '-t', table, '-F']);
  expect(await reaches(within(web), OUTSIDE, 7001)).toBe(false);
  await lab.run(['iptables-restore'], UFW);
  while (!(await reaches(within(web), OUTSIDE, 7001))) await Bun.sleep(50);
}, 60_000);

test('an orderly end takes our rules out of the tables of others', async () => {
  const listing = async (): Promise<string> => await lab.run(['iptables', '-S']);
  expect(await listing()).toContain(`SKIFF-${daemon.bridge}`);
  await daemon.stop();
  expect(await listing()).not.toContain('SKIFF');
}, 60_000);
