import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NameServer, startNameServer } from '../../fixtures/name-server.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** The host's resolver, as this daemon alone sees it, on an address of the host's loopback; the one before it says nothing. */
const HOST_RESOLVER = `127.${53 + (process.pid % 100)}.${(process.pid >> 8) % 250}.${1 + (process.pid % 250)}`;
const scratch = mkdtempSync(join(tmpdir(), 'skt-resolv-'));
let host: NameServer;
let daemon: TestDaemon;
const inTown = async (command: string, ...more: readonly string[]): Promise<string> => {
  const argv = ['run', '--rm', '--network', 'town', ...more, 'busybox', ...command.split(' ')];
  return (await daemon.docker(argv)).stdout;
};
const sleeper = (name: string): Promise<string> => daemon.ok(['run', '-d', '--name', name, 'busybox', 'sleep', '1000']);

beforeAll(async () => {
  host = await startNameServer(HOST_RESOLVER, '192.0.2.7');
  const resolvConf = join(scratch, 'resolv.conf');
  writeFileSync(resolvConf, `nameserver 127.0.0.254\nnameserver ${HOST_RESOLVER}\nsearch host.example\n`);
  daemon = await startDaemon({ resolvConf, flags: ['--dns-opt', 'attempts:3'] });
  await daemon.ok(['network', 'create', 'town']);
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  host[Symbol.dispose]();
  rmSync(scratch, { recursive: true });
}, 60_000);

test('resolv.conf names the resolver inside, with search domains; the default bridge is left with the host', async () => {
  const own = ['--dns', '192.0.2.9', '--dns-search', 'lan.example', '--dns-option', 'timeout:2'];
  const linesOf = (text: string): readonly string[] =>
    text.split('\n').filter((line) => line !== '' && !/^# (?:Generated|This file|has been)/.test(line));
  expect(linesOf(await inTown('cat /etc/resolv.conf', ...own))).toEqual([
    'nameserver 127.0.0.11',
    'search lan.example',
    'options timeout:2 ndots:0',
    "# Based on host file: '/etc/resolv.conf' (internal resolver)",
    '# ExtServers: [192.0.2.9]',
    '# Overrides: [nameservers search options]',
    '# Option ndots from: internal',
  ]);
  expect(linesOf(await inTown('cat /etc/resolv.conf'))).toEqual([
    'nameserver 127.0.0.11',
    'search host.example',
    'options attempts:3 ndots:0',
    "# Based on host file: '/etc/resolv.conf' (internal resolver)",
    `# ExtServers: [host(127.0.0.254) host(${HOST_RESOLVER})]`,
    '# Overrides: [options]',
    '# Option ndots from: internal',
  ]);
  const onBridge = async (...more: readonly string[]): Promise<readonly string[]> =>
    linesOf(await daemon.ok(['run', '--rm', ...more, 'busybox', 'cat', '/etc/resolv.conf'])).slice(0, 3);
  expect(await onBridge(...own)).toEqual(['nameserver 192.0.2.9', 'search lan.example', 'options timeout:2']);
  expect(await onBridge()).toEqual(['nameserver 8.8.8.8', 'nameserver 8.8.4.4', 'search host.example']);
});

test("the host's resolvers are asked from the host, loopback or not, the next one when the first is none", async () => {
  expect(await inTown('nslookup -type=a far.example')).toContain('192.0.2.7');
  expect(await inTown('nslookup -type=a nosuch.example')).toContain('NXDOMAIN');
  expect(host.asked).toContain('far.example');
});

test('a resolver of its own is asked from inside of the container, where its address was meant', async () => {
  const gateway = await daemon.ok(['network', 'inspect', '-f', '{{(index .IPAM.Config 0).Gateway}}', 'town']);
  using own = await startNameServer(gateway, '192.0.2.8');
  expect(await inTown('nslookup -type=a own.example', '--dns', gateway)).toContain('192.0.2.8');
  expect(own.asked).toEqual(['own.example']);
  // The host's loopback is not the container's.
  expect(await inTown('nslookup -type=a other.example', '--dns', HOST_RESOLVER)).toContain('SERVFAIL');
  expect(host.asked).not.toContain('other.example');
});

test('a name without a dot goes outside as it is spelt, unless ndots is set; then search domains are for it', async () => {
  expect(await inTown('nslookup -type=a Printer.')).toContain('192.0.2.7');
  expect(host.asked).toContain('Printer');
  const answer = await inTown('ping -c 1 -W 1 scanner', '--dns-option', 'ndots:2', '--dns-search', 'lan.example');
  expect(answer).toContain('PING scanner (192.0.2.7)');
  expect(host.asked).toContain('scanner.lan.example');
  expect(host.asked).not.toContain('scanner');
});

test('what somebody wrote into resolv.conf stays when the container joins another network', async () => {
  await sleeper('erna');
  await daemon.ok(['exec', 'erna', 'sh', '-c', 'echo nameserver 192.0.2.77 > /etc/resolv.conf']);
  await daemon.ok(['network', 'connect', 'town', 'erna']);
  expect(await daemon.ok(['exec', 'erna', 'cat', '/etc/resolv.conf'])).toBe('nameserver 192.0.2.77');
  await sleeper('frida');
  await daemon.ok(['network', 'connect', 'town', 'frida']);
  expect(await daemon.ok(['exec', 'frida', 'cat', '/etc/resolv.conf'])).toContain('nameserver 127.0.0.11\n');
});
