import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type NameServer, startNameServer } from '../../fixtures/name-server.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** Outside of the containers: at the gateway's address of one network. */
let outside: NameServer;
let gateway: string;
let daemon: TestDaemon;
const sleeper = (name: string, ...more: readonly string[]): Promise<string> =>
  daemon.ok(['run', '-d', '--name', name, '--dns', gateway, ...more, 'busybox', 'sleep', '1000']);
const lookUp = async (from: string, name: string): Promise<string> => {
  const { stdout } = await daemon.docker(['exec', from, 'nslookup', name]);
  const found = [...stdout.matchAll(/^Address: (\d\S+)$|name = (\S+)$|: (NXDOMAIN|SERVFAIL)$/gm)];
  return [...new Set(found.map(([, ip, owner, failure]) => ip ?? owner ?? failure ?? ''))].sort().join(' ');
};
const ipOf = async (container: string, network: string): Promise<string> =>
  await daemon.ok(['inspect', '-f', `{{.NetworkSettings.Networks.${network}.IPAddress}}`, container]);

beforeAll(async () => {
  daemon = await startDaemon();
  await daemon.ok(['network', 'create', 'town']);
  gateway = await daemon.ok(['network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'town']);
  outside = await startNameServer(gateway, '192.0.2.7');
  await daemon.ok(['network', 'create', '--internal', 'cellar']);
  await sleeper('anna', '--network', 'town', '--network-alias', 'twin');
  await sleeper('berta', '--network', 'town', '--network-alias', 'twin', '--hostname', 'bert');
  await sleeper('cora', '--network', 'cellar');
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  outside[Symbol.dispose]();
}, 60_000);

test('containers of a network find each other by name, alias, short id and hostname; addresses have names', async () => {
  const [anna, berta] = [await ipOf('anna', 'town'), await ipOf('berta', 'town')];
  const short = await daemon.ok(['ps', '-q', '--filter', 'name=berta']);
  for (const name of ['berta', 'BERTA', 'berta.town', 'bert', short])
    expect([name, await lookUp('anna', name)]).toEqual([name, berta]);
  expect(await lookUp('anna', 'twin')).toBe([anna, berta].sort().join(' '));
  expect(await lookUp('anna', berta)).toBe('berta.town');
  expect(await daemon.ok(['exec', 'anna', 'ping', '-c', '1', '-W', '2', 'berta'])).toContain(`from ${berta}`);
});

test('other names are asked of the outside resolver, which an internal network never reaches', async () => {
  expect(await lookUp('anna', 'far.example')).toBe('192.0.2.7');
  expect(outside.asked).toContain('far.example');
  expect(await lookUp('cora', 'leak.example')).toBe('SERVFAIL');
  expect(await lookUp('cora', 'cora')).toBe(await ipOf('cora', 'cellar'));
  expect(outside.asked.filter((name) => /^(?:leak|anna|twin)/.test(name))).toEqual([]);
});

test('connect, rename and disconnect change what is found, without a restart of anybody', async () => {
  await sleeper('dora');
  await daemon.ok(['network', 'connect', '--alias', 'dd', 'town', 'dora']);
  const ip = await ipOf('dora', 'town');
  expect([await lookUp('anna', 'dora'), await lookUp('anna', 'dd'), await lookUp('dora', 'anna')]).toEqual([
    ip,
    ip,
    await ipOf('anna', 'town'),
  ]);
  await daemon.ok(['rename', 'dora', 'doris']);
  expect(await lookUp('anna', 'doris')).toBe(ip);
  await daemon.ok(['network', 'disconnect', 'town', 'doris']);
  expect(await lookUp('anna', 'doris')).toBe('192.0.2.7');
  await daemon.ok(['rm', '-f', 'doris']);
});

test('names are found again after SIGKILL and a new start', async () => {
  const berta = await ipOf('berta', 'town');
  await daemon.kill9();
  await daemon.restart();
  expect([await lookUp('anna', 'berta'), await lookUp('cora', 'leak.example')]).toEqual([berta, 'SERVFAIL']);
});

test('a container that exposes port 53 may have it at every address, and finds names all the same, also after a crash', async () => {
  const serve = 'nc -ll -p 53 -e true & exec sleep 1000';
  await daemon.ok(['run', '-d', '--name', 'pi', '--network', 'town', '--expose', '53', 'busybox', 'sh', '-c', serve]);
  await daemon.kill9();
  await daemon.restart();
  expect(await daemon.ok(['exec', 'pi', 'netstat', '-ltn'])).toMatch(/ (?:0\.0\.0\.0|::):53 .* LISTEN/);
  expect(await lookUp('pi', 'anna')).toBe(await ipOf('anna', 'town'));
});
