import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

const NET = `10.213.${100 + (process.pid % 150)}`;
let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => {
  await daemon.ok(['network', 'prune', '-f']);
  await daemon.stop();
}, 60_000);

const inside = async (container: string, script: string): Promise<string> =>
  await daemon.ok(['exec', container, 'sh', '-c', script]);
const run = async (name: string, ...args: readonly string[]): Promise<string> =>
  await daemon.ok(['run', '-d', '--name', name, ...args, 'busybox', 'sleep', '1000']);

test('an endpoint has the name, MAC, settings and link-local address it asks for', async () => {
  await daemon.ok(['network', 'create', '--subnet', `${NET}.0/24`, 'asked']);
  const options = [
    'name=asked',
    `ip=${NET}.9`,
    'mac-address=02:00:00:00:00:09',
    'driver-opt=com.docker.network.endpoint.ifname=wan',
    '"driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0"',
    'link-local-ip=169.254.7.7',
  ].join(',');
  await run('asked', '--network', options);
  const look = 'cd /proc/sys/net/ipv4/conf/wan; cat log_martians forwarding /sys/class/net/wan/address | tr "\\n" " "';
  expect(await inside('asked', look)).toBe('1 0 02:00:00:00:00:09 ');
  expect(await inside('asked', 'ip -4 address show dev wan')).toContain('inet 169.254.7.7/16');
  const shown = await daemon.ok(['inspect', '-f', '{{json .NetworkSettings.Networks.asked}}', 'asked']);
  expect(JSON.parse(shown)).toMatchObject({
    IPAMConfig: { IPv4Address: `${NET}.9`, LinkLocalIPs: ['169.254.7.7'] },
    DriverOpts: { 'com.docker.network.endpoint.ifname': 'wan' },
    MacAddress: '02:00:00:00:00:09',
    IPAddress: `${NET}.9`,
  });
  const refused = await daemon.docker([
    'run',
    '--rm',
    '--network',
    options.replace('IFNAME.log', 'eth0.log'),
    'busybox',
  ]);
  expect(refused.stderr).toContain("unrecognised network interface sysctl 'net.ipv4.conf.eth0.log_martians=1'");
  await daemon.ok(['rm', '-f', 'asked']);
});

test('the network with the highest gateway priority has the default route, whichever leaves', async () => {
  for (const name of ['ga', 'gb']) await daemon.ok(['network', 'create', name]);
  await daemon.ok(['network', 'create', '--internal', 'gi']);
  const first = ['--network', 'name=ga,gw-priority=-1', '--network', 'gb'];
  await run('chooser', ...first, '--network', 'name=gi,gw-priority=9');
  const route = async (): Promise<string> =>
    (await inside('chooser', 'ip route')).match(/^default .* dev (\S+)/m)?.[1] ?? '';
  expect(await route()).toBe('eth1');
  await daemon.ok(['network', 'disconnect', 'gb', 'chooser']);
  expect(await route()).toBe('eth0');
  await daemon.ok(['network', 'connect', '--gw-priority', '5', 'gb', 'chooser']);
  expect(await route()).toBe('eth1');
  await daemon.ok(['network', 'disconnect', 'gb', 'chooser']);
  await daemon.ok(['network', 'disconnect', 'ga', 'chooser']);
  expect(await route()).toBe('');
  await daemon.ok(['rm', '-f', 'chooser']);
});

test('a link on the default bridge is a name and variables, and follows the other container to its next address', async () => {
  await run('db', '--expose', '5432', '-e', 'DBUSER=me');
  await run('web', '--link', 'db:sql');
  const ipOf = async (name: string): Promise<string> =>
    await daemon.ok(['inspect', '-f', '{{.NetworkSettings.IPAddress}}', name]);
  const ip = await ipOf('db');
  const id = (await daemon.ok(['inspect', '-f', '{{.Id}}', 'db'])).slice(0, 12);
  expect(await inside('web', 'grep sql /etc/hosts')).toBe(`${ip}\tsql ${id} db`);
  expect((await inside('web', 'env | grep ^SQL_ | sort')).split('\n')).toEqual([
    'SQL_ENV_DBUSER=me',
    'SQL_NAME=/web/sql',
    `SQL_PORT=tcp://${ip}:5432`,
    `SQL_PORT_5432_TCP=tcp://${ip}:5432`,
    `SQL_PORT_5432_TCP_ADDR=${ip}`,
    'SQL_PORT_5432_TCP_PORT=5432',
    'SQL_PORT_5432_TCP_PROTO=tcp',
  ]);
  expect(await daemon.ok(['inspect', '-f', '{{.HostConfig.Links}}', 'web'])).toBe('[/db:/web/sql]');
  await daemon.ok(['stop', '-t', '0', 'db']);
  await run('squatter');
  await daemon.ok(['start', 'db']);
  const moved = await ipOf('db');
  expect([moved === ip, await inside('web', 'grep sql /etc/hosts')]).toEqual([false, `${moved}\tsql ${id} db`]);
  await daemon.ok(['stop', '-t', '0', 'db', 'web']);
  expect((await daemon.docker(['start', 'web'])).stderr).toContain(
    'Cannot link to a non running container: /db AS /web/sql',
  );
  const unknown = await daemon.docker(['create', '--link', 'nosuch', 'busybox']);
  expect(unknown.stderr).toContain('could not get container for nosuch: No such container: nosuch');
  await daemon.ok(['rm', '-f', 'db', 'web', 'squatter']);
});

test('a link is removed by its own name, from one that runs at once; the containers stay', async () => {
  await run('db');
  await run('web', '--link', 'db:sql', '--link', 'db');
  const links = async (): Promise<string> => await daemon.ok(['inspect', '-f', '{{.HostConfig.Links}}', 'web']);
  const refused = async (name: string): Promise<string> => (await daemon.docker(['rm', '--link', name])).stderr.trim();
  for (const name of ['web/sql/x', 'db/web/x', 'web/nosuch', 'nosuch/sql'])
    expect(await refused(name)).toBe(`Error response from daemon: No such container: ${name}`);
  expect(await links()).toContain('/db:/web/sql');
  expect(await daemon.ok(['rm', '--link', '/web/sql'])).toBe('/web/sql');
  expect([await links(), await inside('web', 'grep -c sql /etc/hosts || true')]).toEqual(['[/db:/web/db]', '0']);
  expect(await daemon.ok(['rm', '--link', 'web/db'])).toBe('web/db');
  expect([await links(), await inside('web', 'grep -c db /etc/hosts || true')]).toEqual(['[]', '0']);
  await daemon.ok(['restart', '-t', '0', 'web']);
  expect(await inside('web', 'env | grep -c ^SQL_ || true')).toBe('0');
  expect(await refused('web/sql')).toBe('Error response from daemon: No such container: web/sql');
  for (const name of ['web', '/web'])
    expect(await refused(name)).toEndWith('Conflict, cannot remove the default link name of the container');
  await daemon.ok(['rm', '-f', 'db', 'web']);
});

test('a configuration is used by others, is in use then, and no container joins it', async () => {
  await daemon.ok(['network', 'create', '--config-only', '--subnet', `${NET}.0/25`, '--label', 'a=b', 'conf']);
  await daemon.ok(['network', 'rm', 'asked']);
  await daemon.ok(['network', 'create', '--config-from', 'conf', 'from']);
  const shown = JSON.parse(await daemon.ok(['network', 'inspect', 'conf', 'from']));
  expect(
    shown.map(({ Driver, ConfigOnly, ConfigFrom, Labels, IPAM }: Record<string, unknown>) => [
      Driver,
      ConfigOnly,
      ConfigFrom,
      Labels,
      IPAM,
    ]),
  ).toEqual([
    [
      'null',
      true,
      { Network: '' },
      { a: 'b' },
      { Driver: 'default', Options: {}, Config: [{ Subnet: `${NET}.0/25` }] },
    ],
    [
      'bridge',
      false,
      { Network: 'conf' },
      { a: 'b' },
      { Driver: 'default', Options: {}, Config: [{ Subnet: `${NET}.0/25` }] },
    ],
  ]);
  const refused = async (...args: readonly string[]) => (await daemon.docker(args)).stderr;
  expect(await refused('network', 'rm', 'conf')).toContain('configuration network "conf" is in use');
  expect(await refused('run', '--rm', '--network', 'conf', 'busybox')).toContain(
    'cannot create endpoint on configuration-only network',
  );
  await daemon.ok(['network', 'rm', 'from']);
  expect(await daemon.ok(['network', 'prune', '-f'])).not.toContain('conf\n');
  await daemon.ok(['network', 'rm', 'conf']);
});

test('links inside are named as their network says', async () => {
  await daemon.ok(['network', 'create', '-o', 'com.docker.network.container_iface_prefix=net', 'prefixed']);
  await run('prefixed', '--network', 'prefixed');
  expect(await inside('prefixed', 'ls /sys/class/net | tr "\\n" " "')).toBe('lo net0 ');
  await daemon.ok(['rm', '-f', 'prefixed']);
});
