import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join, resolve } from 'node:path';
import { splitWords } from '../../helpers/create-golden.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { findDockerCli, runCommand } from '../../helpers/docker-cli.ts';

/** Of this run alone: others may test on the machine at the same time. */
const [FIRST, SECOND] = [`10.216.${process.pid % 125}`, `10.216.${125 + (process.pid % 125)}`];
/** Our client beside Docker's own, on the same daemon of ours: the same bytes on both streams, the same status. */
const LINES = [
  'network ls',
  'network ls -q',
  'network ls --no-trunc',
  'network ls --format json',
  `network ls --format '{{.ID}} {{.CreatedAt}} {{.IPv4}} {{.Internal}} {{.Labels}} {{.Label "a"}}'`,
  `network ls --format 'table {{.Name}}\\t{{.Internal}}\\t{{.IPv6}}\\t{{.Label "a.b-c"}}'`,
  'network ls --format raw',
  'network ls --filter label=a',
  'network ls --filter bad=1',
  'network inspect net1 net10 nosuch',
  `network inspect -f '{{.Name}} {{.IPAM.Config}} {{.Internal}} {{json .Labels}}' net10 net2`,
  'network rm nosuch bridge',
  'network rm -f nosuch',
  'network connect net1 nosuch',
  'network connect nosuch nosuch',
  'network disconnect net1 nosuch',
  'network create -d overlay y',
  'network create --ipv4=false y',
  'network create --config-from nosuch y',
  'network create --ipv6 --subnet fd00:1::/64 --gateway fd00:2::1 y',
  'network disconnect -f net1 nosuch',
  'network inspect -v net1 net6',
  'network create net1',
  `network create --subnet ${FIRST}.0/25 y`,
  'network prune -f --filter label=nosuch',
  'volume ls',
  'volume ls -q',
  'volume ls --format json',
  `volume ls --format 'table {{.Name}}\\t{{.Scope}}\\t{{.Group}}\\t{{.Size}}\\t{{.Label "x"}}'`,
  'volume ls -f dangling=true -q',
  'volume inspect v2 v10 nosuch',
  `volume inspect -f '{{.Name}} {{.Labels}} {{.Options}}' v2 v10`,
  'volume rm nosuch nosuch2',
  'volume create v2',
  'volume create -d nosuch y',
  'volume prune -f --filter label=nosuch',
];
const cli = findDockerCli();
const ours = resolve(import.meta.dirname, '../../../bin/docker');

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await startDaemon({ images: [] });
  // One label each: the other client prints several in any order.
  await daemon.ok(['network', 'create', '--internal', '--label', 'a=b', 'net2']);
  await daemon.ok(['network', 'create', '--subnet', `${FIRST}.0/24`, '--aux-address', `r=${FIRST}.9`, 'net10']);
  await daemon.ok(['network', 'create', 'net1']);
  await daemon.ok(['network', 'create', '--ipv4=false', '--ipv6', 'net6']);
  await daemon.ok(['volume', 'create', '--label', 'x=y', 'v2']);
  await daemon.ok(['volume', 'create', 'v10']);
}, 60_000);
afterAll(async () => {
  await daemon.ok(['network', 'prune', '-f']);
  await daemon.stop();
}, 60_000);

const runOurs = (args: readonly string[]) =>
  runCommand([ours, ...args], {
    env: { DOCKER_HOST: daemon.host, DOCKER_CONFIG: join(daemon.root, 'config'), HOME: daemon.root },
  });

if (cli.version.startsWith('28.2.'))
  test.each(LINES)('as the client of Docker: %s', async (line) => {
    const words = splitWords(line);
    expect(await runOurs(words)).toEqual(await daemon.docker(words));
  });
else console.log(`network client: not compared, since the client of this machine is ${cli.version} and not 28.2`);

test('our client makes, joins, leaves and removes networks and volumes', async () => {
  const good = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await runOurs(args);
    expect([exitCode, stderr]).toEqual([0, '']);
    return stdout.trim();
  };
  const id = await good(
    'network',
    'create',
    '--subnet',
    `${SECOND}.0/24`,
    '-o',
    'com.docker.network.driver.mtu=1300',
    'made',
  );
  expect(
    await daemon.ok(['network', 'inspect', '-f', '{{.Id}} {{(index .IPAM.Config 0).Subnet}} {{.Options}}', 'made']),
  ).toBe(`${id} ${SECOND}.0/24 map[com.docker.network.driver.mtu:1300]`);
  expect(await good('volume', 'create', '--label', 'k=v', 'kept')).toBe('kept');
  expect(await good('volume', 'rm', 'kept')).toBe('kept');
  expect(await good('network', 'rm', 'made')).toBe('made');
});
