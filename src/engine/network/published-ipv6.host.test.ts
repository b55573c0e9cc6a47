import { afterAll, beforeAll, expect, test } from 'bun:test';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createFirewall } from '../../linux/firewall/firewall.host.ts';
import { createHostForwarding } from '../../linux/firewall/host-forwarding.host.ts';
import { createPortProxies } from '../../linux/firewall/port-proxies.host.ts';
import { createDnsSockets } from '../../linux/netns/dns-sockets.host.ts';
import { createNetworkNamespaces } from '../../linux/netns/network-namespaces.host.ts';
import { openDatabase } from '../../store/record/database.host.ts';
import { createNetworkRecords } from '../../store/record/network-records.host.ts';
import { createContainerNetworking } from './container-networking.ts';
import type { EngineNetworking } from './engine-networking.ts';

const root = mkdtempSync(join(tmpdir(), 'skp-'));
const portsDir = join(root, 'ports');
const program = resolve(import.meta.dirname, '../../../monitor/build/skiff-proxy');
const bridge = `sk6${process.pid}`;
const db = openDatabase(':memory:');
const makeProxies = () => createPortProxies({ program, dir: portsDir });
const report = (_what: string, error: unknown): never => {
  throw error;
};
/** As a daemon's start does: the endpoints are read, then recovered. */
const make = async (running: readonly string[]): Promise<EngineNetworking> => {
  const networking = await createContainerNetworking({
    records: createNetworkRecords(db),
    namespaces: createNetworkNamespaces(),
    firewall: createFirewall({ bridge, forwarding: createHostForwarding({ bridge }), report }),
    // Sockets of IPv4 would be those of a daemon that is gone: here two of them live in one process.
    ports: {
      hold: async (_protocol, _ip, port) => port || (await freePort()),
      release: async () => undefined,
      translatesSctp: () => true,
    },
    proxies: makeProxies(),
    events: {
      listeners: 0,
      publish: () => undefined,
      subscribe: () => {
        throw new Error('unused');
      },
    },
    dnsSockets: createDnsSockets(),
    resolver: { answer: () => undefined },
    netnsDir: root,
    bridge,
    report,
  });
  await networking.recover(running, () => ['bridge']);
  return networking;
};
let networking: EngineNetworking;
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
beforeAll(async () => {
  networking = await make([]);
});
afterAll(async () => {
  for (const id of [A, B]) await networking.release(id);
  await networking.shutdown();
  expect([existsSync(`/sys/class/net/${bridge}`), readdirSync(portsDir)]).toEqual([false, []]);
  rmSync(root, { recursive: true });
});
const request = (containerId: string, portBindings: object) => ({
  containerId,
  containerName: containerId.slice(0, 1),
  hostname: containerId.slice(0, 1),
  mode: 'bridge',
  endpoints: {},
  portBindings: { ...portBindings },
  exposedPorts: [],
  publishAll: false,
  sysctls: {},
});

/** Inside the namespace: TCP answers `got` and all it was sent once the client has said all, UDP sends back what comes. */
const SERVER = `
const tcp = require('net').createServer({ allowHalfOpen: true }, (s) => {
  const all = [];
  s.on('data', (d) => all.push(d));
  s.on('end', () => { s.write('got '); s.end(Buffer.concat(all)); });
  s.on('error', () => {});
});
const udp = require('dgram').createSocket('udp4');
udp.on('message', (m, from) => udp.send(m, from.port, from.address));
udp.bind(7000, () => tcp.listen(7000, '0.0.0.0', () => console.log('up')));
`;

async function serveInside(netns: string | undefined) {
  const server = Bun.spawn(['nsenter', `--net=${netns}`, process.execPath, '-e', SERVER], {
    stdout: 'pipe',
    env: { BUN_BE_BUN: '1' },
  });
  await server.stdout.getReader().read();
  return {
    [Symbol.asyncDispose]: async () => {
      server.kill('SIGKILL');
      await server.exited;
    },
  };
}

/** Says all, then reads all. */
async function talk(host: string, port: number, text: string): Promise<string> {
  return await new Promise((done, failed) => {
    const socket = createConnection({ host, port, allowHalfOpen: true }, () => socket.end(text));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
    socket.on('end', () => done(Buffer.concat(chunks).toString()));
    socket.on('error', failed);
  });
}

async function askUdp(port: number, text: string): Promise<string> {
  const socket = createSocket('udp6');
  try {
    return await new Promise((done, failed) => {
      socket.once('message', (message) => done(message.toString()));
      socket.once('error', failed);
      socket.send(text, port, '::1');
    });
  } finally {
    socket.close();
  }
}

/** A port that is free now in both families. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '::', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  return typeof address === 'object' && address ? address.port : 0;
}

/** As the files say. */
function pidsOf(): readonly number[] {
  return readdirSync(portsDir).map(
    (name) => (JSON.parse(readFileSync(join(portsDir, name), 'utf8')) as { pid: number }).pid,
  );
}

/** A process that has ended may still wait for its parent. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
}

test('without an address both families reach the container, over a restart of the daemon, until the release', async () => {
  const attachment = await networking.attach(request(A, { '7000/tcp': [{}], '7000/udp': [{ HostPort: '' }] }));
  const tcp = Number(attachment.ports['7000/tcp']?.[0]?.HostPort);
  const udp = Number(attachment.ports['7000/udp']?.[0]?.HostPort);
  expect(attachment.ports['7000/tcp']).toEqual([
    { HostIp: '0.0.0.0', HostPort: String(tcp) },
    { HostIp: '::', HostPort: String(tcp) },
  ]);
  await using _server = await serveInside(attachment.netnsPath);
  const pids = pidsOf();
  const check = async (): Promise<void> => {
    expect(await talk('::1', tcp, 'six')).toBe('got six');
    expect(await talk('127.0.0.1', tcp, 'four')).toBe('got four');
    const large = 'x'.repeat(3_000_000);
    expect(await talk('::1', tcp, large)).toBe(`got ${large}`);
    expect([await askUdp(udp, 'one'), await askUdp(udp, 'two')]).toEqual(['one', 'two']);
    expect(pidsOf()).toEqual(pids);
  };
  await check();
  networking = await make([A]);
  expect(networking.current(A)?.ports).toEqual(attachment.ports);
  await check();
  expect(pids.map(isAlive)).toEqual([true, true]);
  await networking.release(A);
  expect(pids.map(isAlive)).toEqual([false, false]);
  await expect(talk('::1', tcp, '')).rejects.toThrow();
});

test('0.0.0.0 and IPv6 addresses are bound alone', async () => {
  const port = String(await freePort());
  const four = await networking.attach(request(A, { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: port }] }));
  expect([four.ports, readdirSync(portsDir)]).toEqual([{ '80/tcp': [{ HostIp: '0.0.0.0', HostPort: port }] }, []]);
  const six = await networking.attach(request(B, { '7000/tcp': [{ HostIp: '::1', HostPort: port }] }));
  expect(six.ports).toEqual({ '7000/tcp': [{ HostIp: '::1', HostPort: port }] });
  await using _server = await serveInside(six.netnsPath);
  expect(await talk('::1', Number(port), 'b')).toBe('got b');
  for (const id of [A, B]) await networking.release(id);
});

test('an IPv6 port that another process has is a conflict, and everything is undone', async () => {
  const port = await freePort();
  const other = createServer();
  await new Promise<void>((done) => other.listen({ host: '::', port, ipv6Only: true }, done));
  try {
    await expect(
      networking.attach(request(A, { '81/tcp': [{}], '80/tcp': [{ HostPort: String(port) }] })),
    ).rejects.toThrow(/failed to bind host port for \[::\]:\d+:[\d.]+:80\/tcp: address already in use$/);
    expect([networking.current(A), readdirSync(portsDir)]).toEqual([undefined, []]);
  } finally {
    await new Promise((done) => other.close(done));
  }
  const both = await networking.attach(request(A, { '80/tcp': [{ HostPort: String(port) }] }));
  expect(both.ports['80/tcp']?.length).toBe(2);
  await networking.release(A);
});

test('an address that is not of this host is an error', async () => {
  await expect(networking.attach(request(A, { '80/tcp': [{ HostIp: '2001:db8::9' }] }))).rejects.toThrow(
    'cannot assign requested address',
  );
  expect(readdirSync(portsDir)).toEqual([]);
});

test('recovery ends proxies of no record and files that were not finished, starts missing ones, and spares reused pids', async () => {
  const proxies = makeProxies();
  const forward = { protocol: 'tcp', hostIp: '::1', hostPort: 0, containerIp: '127.0.0.1', containerPort: 1 } as const;
  const kept = await proxies.start(forward);
  const lost = await proxies.start(forward);
  const moved = await proxies.start(forward);
  const bystander = Bun.spawn(['sleep', '1000']);
  const reused = { ...forward, hostPort: 1 };
  writeFileSync(join(portsDir, 'tcp-[::1]-1'), JSON.stringify({ forward: reused, pid: bystander.pid, startTime: '1' }));
  writeFileSync(join(portsDir, 'tcp-[::1]-2'), '{"forw');
  try {
    const known = [kept, moved].map(({ port }, i) => ({ ...forward, hostPort: port, containerPort: 1 + i }));
    expect(await makeProxies().recover(known)).toEqual(known.slice(1));
    expect([kept, lost, moved].map(({ pid }) => isAlive(pid))).toEqual([true, false, false]);
    expect(isAlive(bystander.pid)).toBe(true);
    expect(readdirSync(portsDir)).toEqual([`tcp-[::1]-${kept.port}`]);
    await proxies.stop({ ...forward, hostPort: kept.port });
    expect([isAlive(kept.pid), readdirSync(portsDir)]).toEqual([false, []]);
  } finally {
    bystander.kill();
    await bystander.exited;
  }
});
