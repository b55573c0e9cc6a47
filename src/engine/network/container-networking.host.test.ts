import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createFirewall } from '../../linux/firewall/firewall.host.ts';
import { createHostForwarding } from '../../linux/firewall/host-forwarding.host.ts';
import { createHostPorts } from '../../linux/firewall/host-ports.host.ts';
import { createPortProxies } from '../../linux/firewall/port-proxies.host.ts';
import { createDnsSockets } from '../../linux/netns/dns-sockets.host.ts';
import { createNetworkNamespaces } from '../../linux/netns/network-namespaces.host.ts';
import { openDatabase } from '../../store/record/database.host.ts';
import { createNetworkRecords } from '../../store/record/network-records.host.ts';
import { createContainerNetworking } from './container-networking.ts';

const netnsDir = mkdtempSync(join(tmpdir(), 'skn-'));
const bridge = `skt${process.pid}`;
const db = openDatabase(':memory:');
const report = (_what: string, error: unknown): never => {
  throw error;
};
/** Done each time between taking a port out of the firewall and letting go of it. */
let amidRelease: () => Promise<unknown> = async () => undefined;
const hostPorts = createHostPorts();
const make = async () =>
  await createContainerNetworking({
    records: createNetworkRecords(db),
    namespaces: createNetworkNamespaces(),
    firewall: createFirewall({ bridge, forwarding: createHostForwarding({ bridge }), report }),
    ports: {
      ...hostPorts,
      async release(...which) {
        await amidRelease();
        await hostPorts.release(...which);
      },
    },
    proxies: createPortProxies({
      program: resolve(import.meta.dirname, '../../../monitor/build/skiff-proxy'),
      dir: join(netnsDir, 'ports'),
    }),
    events: {
      listeners: 0,
      publish: () => undefined,
      subscribe: () => {
        throw new Error('unused');
      },
    },
    dnsSockets: createDnsSockets(),
    resolver: { answer: () => undefined },
    netnsDir,
    bridge,
    report,
  });
let networking = await make();
afterAll(async () => {
  for (const id of ['a'.repeat(64), 'b'.repeat(64)]) await networking.release(id);
  await networking.shutdown();
  rmSync(netnsDir, { recursive: true });
  expect(existsSync(`/sys/class/net/${bridge}`)).toBe(false);
});
const request = (id: string, portBindings = {}) => ({
  containerId: id.repeat(64),
  containerName: id,
  hostname: id,
  mode: 'bridge',
  endpoints: {},
  portBindings,
  exposedPorts: [],
  publishAll: false,
  sysctls: {},
});

/** A listener inside the namespace: says hello and leaves. */
function serveInside(netns: string, port: number) {
  return Bun.spawn(
    [
      'nsenter',
      `--net=${netns}`,
      process.execPath,
      '-e',
      `require('net').createServer(s=>s.end('hello')).listen(${port},()=>console.log('up'))`,
    ],
    { stdout: 'pipe', env: { BUN_BE_BUN: '1' } },
  );
}

async function ask(host: string, port: number): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = createConnection({ host, port });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

test('a published port reaches the container by loopback, survives a restart of the rules, and conflicts are refused', async () => {
  const probe = createServer().listen(0);
  const address = probe.address();
  const hostPort = typeof address === 'object' && address ? address.port : 0;
  await new Promise((resolve) => probe.close(resolve));
  const attachment = await networking.attach(request('a', { '7000/tcp': [{ HostPort: String(hostPort) }] }));
  expect(attachment.ports).toEqual({
    '7000/tcp': ['0.0.0.0', '::'].map((HostIp) => ({ HostIp, HostPort: String(hostPort) })),
  });
  const server = serveInside(attachment.netnsPath ?? '', 7000);
  try {
    await server.stdout.getReader().read();
    expect(await ask('127.0.0.1', hostPort)).toBe('hello');
    expect(await ask(attachment.endpoints['bridge']?.IPAddress ?? '', 7000)).toBe('hello');
    await expect(networking.attach(request('b', { '80/tcp': [{ HostPort: String(hostPort) }] }))).rejects.toThrow(
      'port is already allocated',
    );
    expect(networking.current('b'.repeat(64))).toBeUndefined();
    networking = await make();
    expect(networking.current('a'.repeat(64))?.endpoints).toEqual(attachment.endpoints);
    expect(await ask('127.0.0.1', hostPort)).toBe('hello');
  } finally {
    server.kill('SIGKILL');
    await server.exited;
  }
});

test('recovery removes what belongs to no running container', async () => {
  const attachment = await networking.attach(request('b'));
  await networking.recover([], () => []);
  expect(existsSync(attachment.netnsPath ?? '')).toBe(false);
  expect(networking.current('b'.repeat(64))).toBeUndefined();
});

test('none has only loopback and host no namespace of its own', async () => {
  const none = await networking.attach({ ...request('b'), mode: 'none' });
  expect([none.netnsPath !== undefined, none.hosts]).toEqual([true, []]);
  await networking.release('b'.repeat(64));
  expect((await networking.attach({ ...request('b'), mode: 'host' })).netnsPath).toBeUndefined();
});

test('a port that is taken away does not come back when the rules are made anew at that moment', async () => {
  const { ports } = await networking.attach(request('b', { '7001/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] }));
  const { HostPort = '' } = ports['7001/tcp']?.[0] ?? {};
  const rules = (): string => Bun.spawnSync(['nft', 'list', 'table', 'inet', `skiff_${bridge}`]).stdout.toString();
  expect(rules()).toContain(`127.0.0.1 . ${HostPort} : `);
  const made: string[] = [];
  amidRelease = async () => made.push(await networking.create({ Name: 'between' }));
  await networking.release('b'.repeat(64));
  amidRelease = async () => undefined;
  expect(made).toHaveLength(1);
  expect(rules()).not.toContain(` . ${HostPort} : `);
  await networking.remove('between');
});
