import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** Of this run alone: others may test on the machine at the same time. */
const LINK = `brt${(process.pid % 46_656).toString(36)}n`;
const [FIRST, SECOND] = [`10.217.${process.pid % 125}`, `10.217.${125 + (process.pid % 125)}`];

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

const networkId = async (name: string): Promise<string> =>
  await daemon.ok(['network', 'inspect', '-f', '{{.Id}}', name]);
const linkOf = async (name: string): Promise<string> => `br-${(await networkId(name)).slice(0, 12)}`;
const ipOf = async (container: string, network: string): Promise<string> =>
  await daemon.ok([
    'inspect',
    '-f',
    `{{with index .NetworkSettings.Networks "${network}"}}{{.IPAddress}}{{end}}`,
    container,
  ]);

test('create, ls, inspect and rm make, show and take away a bridge with what was asked for', async () => {
  const options = ['-o', `com.docker.network.bridge.name=${LINK}test`, '-o', 'com.docker.network.driver.mtu=1380'];
  const addresses = ['--subnet', `${FIRST}.0/24`, '--ip-range', `${FIRST}.128/25`, '--gateway', `${FIRST}.254`];
  const id = await daemon.ok([
    'network',
    'create',
    ...addresses,
    '--aux-address',
    `r=${FIRST}.128`,
    ...options,
    '--label',
    'a=b',
    'full',
  ]);
  expect(readFileSync(`/sys/class/net/${LINK}test/mtu`, 'utf8')).toBe('1380\n');
  const shown = JSON.parse(await daemon.ok(['network', 'inspect', 'full']))[0];
  expect([shown.Id, shown.Driver, shown.Labels, shown.IPAM.Config]).toEqual([
    id,
    'bridge',
    { a: 'b' },
    [
      {
        Subnet: `${FIRST}.0/24`,
        IPRange: `${FIRST}.128/25`,
        Gateway: `${FIRST}.254`,
        AuxiliaryAddresses: { r: `${FIRST}.128` },
      },
    ],
  ]);
  expect(await daemon.ok(['network', 'ls', '--filter', 'label=a=b', '--format', '{{.Name}}'])).toBe('full');
  await daemon.ok(['run', '-d', '--name', 'ranged', '--network', 'full', 'busybox', 'sleep', '1000']);
  expect(await ipOf('ranged', 'full')).toBe(`${FIRST}.129`);
  expect(await daemon.ok(['exec', 'ranged', 'cat', '/sys/class/net/eth0/mtu'])).toBe('1380');
  expect((await daemon.docker(['network', 'rm', 'full'])).stderr).toContain(
    'error while removing network: network full has active endpoints (name:"ranged"',
  );
  await daemon.ok(['rm', '-f', 'ranged']);
  await daemon.ok(['network', 'rm', 'full']);
  expect(existsSync(`/sys/class/net/${LINK}test`)).toBe(false);
});

test.each([
  [['network', 'create', 'bridge'], 'operation is not permitted on predefined bridge network'],
  [['network', 'create', '-d', 'overlay', 'x1'], 'This node is not a swarm manager.'],
  [['network', 'create', '-d', 'macvlan', '-o', 'parent=nosuch0', 'x1'], 'invalid subinterface vlan name nosuch0'],
  [['network', 'create', '--ipv4=false', 'x1'], 'IPv4 or IPv6 must be enabled'],
  [['network', 'create', '--ipv6', '--subnet', 'fd00:1::1/64', 'x1'], 'it should be fd00:1::/64'],
  [['network', 'create', '--ingress', 'x1'], 'Ingress network can only be global scope network'],
  [['network', 'create', '--config-from', 'nosuch', 'x1'], 'configuration network "nosuch" does not exist'],
  [['network', 'disconnect', '-f', 'bridge', 'nosuch'], 'endpoint nosuch not found'],
  [['network', 'create', '-o', 'com.docker.network.bridge.name=lo', 'x1'], 'bridge name lo is taken by a link'],
  [['network', 'rm', 'host'], 'host is a pre-defined network and cannot be removed'],
  [['network', 'connect', 'none', 'nosuch'], 'No such container: nosuch'],
  [['network', 'connect', 'nosuch', 'nosuch'], 'network nosuch not found'],
  [['run', '--rm', '--network', 'nosuch', 'busybox', 'true'], 'network nosuch not found'],
  [['run', '--rm', '--network-alias', 'x', 'busybox', 'true'], 'only supported for user-defined networks'],
  [['run', '--rm', '--ip', '10.1.1.1', 'busybox', 'true'], 'supported on user defined networks only'],
])('%p is refused and leaves nothing', async (args, text) => {
  const { exitCode, stderr } = await daemon.docker(args);
  expect([exitCode === 0, stderr]).toEqual([false, expect.stringContaining(text)]);
  expect(await daemon.ok(['network', 'ls', '--filter', 'type=custom', '-q'])).toBe('');
});

test('static address and MAC are given, a taken address and an overlap are refused', async () => {
  await daemon.ok(['network', 'create', '--subnet', `${SECOND}.0/24`, 'fixed']);
  const settings = ['--network', 'fixed', '--ip', `${SECOND}.77`, '--mac-address', '02:00:00:00:77:01'];
  await daemon.ok(['run', '-d', '--name', 'pinned', ...settings, 'busybox', 'sleep', '1000']);
  expect(await daemon.ok(['exec', 'pinned', 'cat', '/sys/class/net/eth0/address'])).toBe('02:00:00:00:77:01');
  expect(await ipOf('pinned', 'fixed')).toBe(`${SECOND}.77`);
  const taken = await daemon.docker(['run', '--rm', '--network', 'fixed', '--ip', `${SECOND}.77`, 'busybox', 'true']);
  expect(taken.stderr).toContain('Address already in use');
  const overlap = await daemon.docker(['network', 'create', '--subnet', `${SECOND}.128/25`, 'over']);
  expect(overlap.stderr).toContain('Pool overlaps with other one on this address space');
  await daemon.ok(['restart', '-t', '0', 'pinned']);
  expect(await ipOf('pinned', 'fixed')).toBe(`${SECOND}.77`);
  await daemon.ok(['rm', '-f', 'pinned']);
  await daemon.ok(['network', 'rm', 'fixed']);
});

test('a running container joins and leaves networks; default route and published port follow', async () => {
  for (const name of ['mm', 'aa']) await daemon.ok(['network', 'create', name]);
  await daemon.ok([
    'run',
    '-d',
    '--name',
    'mover',
    '--network',
    'mm',
    '-p',
    '127.0.0.1::80',
    'busybox',
    'sh',
    '-c',
    SERVE,
  ]);
  const port = (await daemon.ok(['port', 'mover', '80'])).split(':')[1];
  const served = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${port}/`)).text();
  const route = async (): Promise<string> => await daemon.ok(['exec', 'mover', 'ip', 'route', 'show', 'default']);
  await daemon.ok([
    'exec',
    'mover',
    'sh',
    '-c',
    'until [ -e /w/index.html ] && busybox nc -w 1 127.0.0.1 80 </dev/null; do :; done',
  ]);
  expect([await served(), await route()]).toEqual(['hello\n', expect.stringContaining('dev eth0')]);
  await daemon.ok(['network', 'connect', 'aa', 'mover']);
  expect([await served(), await route()]).toEqual(['hello\n', expect.stringContaining('dev eth1')]);
  const { stderr } = await daemon.docker(['network', 'connect', 'aa', 'mover']);
  expect(stderr).toContain('endpoint with name mover already exists in network aa');
  await daemon.ok(['network', 'disconnect', 'aa', 'mover']);
  expect([await served(), await route()]).toEqual(['hello\n', expect.stringContaining('dev eth0')]);
  await daemon.ok(['network', 'disconnect', 'mm', 'mover']);
  expect([await daemon.ok(['port', 'mover']), await route()]).toEqual(['', '']);
  expect((await daemon.docker(['network', 'disconnect', 'mm', 'mover'])).stderr).toContain(
    'is not connected to network mm',
  );
  await daemon.ok(['stop', '-t', '0', 'mover']);
  await daemon.ok(['network', 'connect', 'mm', 'mover']);
  await daemon.ok(['start', 'mover']);
  expect(await ipOf('mover', 'mm')).not.toBe('');
  await daemon.ok(['rm', '-f', 'mover']);
  expect((await daemon.ok(['network', 'prune', '-f'])).split('\n').sort()).toEqual(
    ['', 'Deleted Networks:', 'aa', 'mm'].sort(),
  );
});

test('SIGKILL: networks, addresses, ports and connections are as they were, and what was cut short is gone', async () => {
  await daemon.ok(['network', 'create', 'keep']);
  await daemon.ok(['network', 'create', 'more']);
  const link = await linkOf('keep');
  await daemon.ok(['run', '-d', '--name', 'stays', '--network', 'keep', 'busybox', 'sleep', '1000']);
  const ip = await ipOf('stays', 'keep');
  // Whatever the daemon was doing when it died: connects and disconnects of all kinds are under way.
  const busy = Array.from({ length: 6 }, (_, turn) =>
    daemon.docker(
      turn % 2 === 0 ? ['network', 'connect', 'more', 'stays'] : ['network', 'disconnect', 'more', 'stays'],
    ),
  );
  await Promise.race(busy);
  await daemon.kill9();
  await Promise.all(busy);
  await daemon.restart();
  expect(await ipOf('stays', 'keep')).toBe(ip);
  const joined = JSON.parse(await daemon.ok(['inspect', '-f', '{{json .NetworkSettings.Networks}}', 'stays']));
  const inside = (await daemon.ok(['exec', 'stays', 'ls', '/sys/class/net']))
    .split(/\s+/)
    .filter((name) => name !== 'lo');
  expect(inside.length).toBe(Object.keys(joined).length);
  const members = await daemon.ok(['network', 'inspect', '-f', '{{len .Containers}}', 'more']);
  expect([members, readdirSync(`/sys/class/net/${await linkOf('more')}/brif`).length]).toEqual(
    'more' in joined ? ['1', 1] : ['0', 0],
  );
  expect(readdirSync(`/sys/class/net/${link}/brif`).length).toBe(1);
  await daemon.ok(['rm', '-f', 'stays']);
  await daemon.ok(['network', 'rm', 'keep', 'more']);
  expect(existsSync(`/sys/class/net/${link}`)).toBe(false);
});

test('SIGKILL while networks are made and removed: what is listed has a bridge, and no other bridge is there', async () => {
  const bridges = (): readonly string[] => readdirSync('/sys/class/net').filter((name) => name.startsWith(LINK));
  for (let round = 0; round < 3; round++) {
    const made = Array.from({ length: 4 }, (_, at) => `${round}${at}`);
    const busy = made.map(async (number) => {
      await daemon.docker([
        'network',
        'create',
        '-o',
        `com.docker.network.bridge.name=${LINK}${number}k`,
        `kill${number}`,
      ]);
      await daemon.docker(['network', 'rm', `kill${made.at(0)}`]);
    });
    await Promise.race(busy);
    await daemon.kill9();
    await Promise.all(busy);
    await daemon.restart();
    const listed = await daemon.ok(['network', 'ls', '--filter', 'name=kill', '--format', '{{.Name}}']);
    const expected = listed
      .split('\n')
      .flatMap((name) => (name === '' ? [] : [name.replace(/^kill(.*)$/, `${LINK}$1k`)]));
    expect([...bridges()].sort()).toEqual(expected.sort());
    if (listed !== '') await daemon.ok(['network', 'rm', ...listed.split('\n')]);
    expect(bridges()).toEqual([]);
  }
}, 60_000);

test('an orderly end takes the bridges away and the next start brings them back', async () => {
  await daemon.ok(['network', 'create', 'again']);
  const link = await linkOf('again');
  const before = await daemon.ok(['network', 'inspect', 'again']);
  await daemon.restart();
  expect([existsSync(`/sys/class/net/${link}`), await daemon.ok(['network', 'inspect', 'again'])]).toEqual([
    true,
    before,
  ]);
  await daemon.ok(['network', 'rm', 'again']);
});

test('network events tell of create, connect, disconnect and destroy', async () => {
  const since = new Date().toISOString();
  await daemon.ok(['network', 'create', 'told']);
  await daemon.ok(['run', '--rm', '--network', 'told', 'busybox', 'true']);
  await daemon.ok(['network', 'rm', 'told']);
  const until = new Date().toISOString();
  const format = '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}';
  const told = await daemon.ok([
    'events',
    '--since',
    since,
    '--until',
    until,
    '--filter',
    'type=network',
    '--format',
    format,
  ]);
  expect(told.split('\n')).toEqual(
    ['create', 'connect', 'disconnect', 'destroy'].map((action) => `${action} told bridge`),
  );
});

const SERVE = 'mkdir -p /w && echo hello >/w/index.html && exec httpd -f -p 80 -h /w';
