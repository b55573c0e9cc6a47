import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createSocket, type Socket } from 'node:dgram';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** An outside resolver of ours, on an address of the host's loopback; it knows every name as 192.0.2.7. */
const OUTSIDE = `127.${53 + (process.pid % 100)}.${(process.pid >> 8) % 250}.${1 + (process.pid % 250)}`;
const asked: string[] = [];
let outside: Socket;
let daemon: TestDaemon;
const sleeper = (name: string, ...more: readonly string[]): Promise<string> =>
  daemon.ok(['run', '-d', '--name', name, '--dns', OUTSIDE, ...more, 'busybox', 'sleep', '1000']);
const lookUp = async (from: string, name: string): Promise<string> => {
  const { stdout } = await daemon.docker(['exec', from, 'nslookup', name]);
  const found = [...stdout.matchAll(/^Address: (\d\S+)$|name = (\S+)$|: (NXDOMAIN|SERVFAIL)$/gm)];
  return [...new Set(found.map(([, ip, owner, failure]) => ip ?? owner ?? failure ?? ''))].sort().join(' ');
};
const ipOf = async (container: string, network: string): Promise<string> =>
  await daemon.ok(['inspect', '-f', `{{.NetworkSettings.Networks.${network}.IPAddress}}`, container]);

beforeAll(async () => {
  outside = createSocket('udp4');
  outside.on('message', (query, { port, address }) => {
    const end = query.indexOf(0, 12) + 5;
    asked.push(
      query
        .subarray(13, end - 5)
        .toString('latin1')
        .replaceAll(/[^a-z0-9]/g, '.'),
    );
    const isA = query.readUInt16BE(end - 4) === 1;
    const head = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
    outside.send(Buffer.concat([head, query.subarray(12, end), ...(isA ? [record] : [])]), port, address);
  });
  await new Promise<void>((resolve) => outside.bind(53, OUTSIDE, resolve));
  daemon = await startDaemon();
  await daemon.ok(['network', 'create', 'town']);
  await daemon.ok(['network', 'create', '--internal', 'cellar']);
  await sleeper('anna', '--network', 'town', '--network-alias', 'twin');
  await sleeper('berta', '--network', 'town', '--network-alias', 'twin', '--hostname', 'bert');
  await sleeper('cora', '--network', 'cellar');
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  outside.close();
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
  expect(asked).toContain('far.example');
  expect(await lookUp('cora', 'leak.example')).toBe('SERVFAIL');
  expect(await lookUp('cora', 'cora')).toBe(await ipOf('cora', 'cellar'));
  expect(asked.filter((name) => name.startsWith('leak') || name.startsWith('anna') || name.startsWith('twin'))).toEqual(
    [],
  );
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

test('resolv.conf names the resolver inside, with search domains; the default bridge is left with the host', async () => {
  const read = (...more: readonly string[]): Promise<string> =>
    daemon.ok([
      'run',
      '--rm',
      '--dns',
      '192.0.2.9',
      '--dns-search',
      'lan.example',
      ...more,
      'busybox',
      'cat',
      '/etc/resolv.conf',
    ]);
  expect(await read('--network', 'town')).toBe('nameserver 127.0.0.11\nsearch lan.example\noptions ndots:0');
  expect(await read()).toBe('nameserver 192.0.2.9\nsearch lan.example');
});
