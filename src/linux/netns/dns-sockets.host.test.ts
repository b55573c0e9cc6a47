import { afterAll, expect, test } from 'bun:test';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFrameReader, formatFrame } from './dns-frames.ts';
import { createDnsSockets } from './dns-sockets.host.ts';
import { createDnsUpstream } from './dns-upstream.host.ts';
import { createNetworkNamespaces } from './network-namespaces.host.ts';

const dir = mkdtempSync(join(tmpdir(), 'skdns-'));
const namespaces = createNetworkNamespaces();
const path = join(dir, 'ns');
namespaces.create(path);
afterAll(() => {
  namespaces.remove(path);
  rmSync(dir, { recursive: true });
});

/** Asks 127.0.0.11 from inside by both ways: "question" over UDP, twice over one TCP connection. */
const CLIENT = `
const udp = require('dgram').createSocket('udp4');
udp.on('message', (m, from) => { console.log('udp', m.toString(), from.address, from.port); udp.close(); });
udp.send('question', 53, '127.0.0.11');
const tcp = require('net').connect(53, '127.0.0.11');
const frame = Buffer.from([0, 1, 97]);
tcp.write(Buffer.concat([frame, frame.subarray(0, 2)]));
setImmediate(() => tcp.write(frame.subarray(2)));
let all = Buffer.alloc(0);
tcp.on('data', (m) => { all = Buffer.concat([all, m]); if (all.length === 14) { console.log('tcp', all.toString('latin1')); tcp.destroy(); } });
`;

test('a resolver listens inside of a namespace by UDP and TCP, once, and is gone when it is closed', async () => {
  const sockets = createDnsSockets();
  const listener = sockets.listen(path, async (query, via) => Buffer.from(`${via}:${Buffer.from(query).toString()}`));
  const client = Bun.spawn(['nsenter', `--net=${path}`, process.execPath, '-e', CLIENT], {
    stdout: 'pipe',
    env: { BUN_BE_BUN: '1' },
  });
  const lines = (await new Response(client.stdout).text()).trim().split('\n').sort();
  expect(lines).toEqual(['tcp \u0000\u0005tcp:a\u0000\u0005tcp:a', 'udp udp:question 127.0.0.11 53']);
  expect(Bun.spawnSync(['ss', '-Hlnu', 'sport', '=', ':53', 'and', 'src', '127.0.0.11']).stdout.toString()).toBe('');
  listener.close();
  listener.close();
  await new Promise((resolve) => setImmediate(resolve));
  const inside = Bun.spawnSync(['nsenter', `--net=${path}`, 'ss', '-Hlntu']);
  expect(inside.stdout.toString()).toBe('');
  sockets.listen(path, async () => undefined).close();
});

test('a port that is taken inside is a conflict that says so', async () => {
  const taken = Bun.spawn(
    [
      'nsenter',
      `--net=${path}`,
      process.execPath,
      '-e',
      "require('net').createServer().listen(53, '127.0.0.11', () => console.log('up'))",
    ],
    { stdout: 'pipe', env: { BUN_BE_BUN: '1' } },
  );
  await taken.stdout.getReader().read();
  expect(() => createDnsSockets().listen(path, async () => undefined)).toThrow('port 53 of 127.0.0.11');
  taken.kill('SIGKILL');
  await taken.exited;
});

test('a server outside is asked by UDP and by TCP; what is not the answer is passed over; silence is a deadline', async () => {
  const udp = createSocket('udp4');
  udp.on('message', (query, { port, address }) => {
    if (query.toString() === 'silence') return;
    udp.send('other', port, address);
    udp.send(`answer to ${query.toString()}`, port, address);
  });
  const tcp = createServer((socket) => {
    const read = createFrameReader();
    socket.on('data', (chunk: Buffer) => {
      for (const query of read(chunk))
        socket.end(formatFrame(Buffer.from(`answer to ${Buffer.from(query).toString()}`)));
    });
  });
  // TCP first: its ports are the ones that others use up.
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const { port } = tcp.address() as AddressInfo;
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve));
  const upstream = createDnsUpstream({ port });
  const server = { address: '127.0.0.1' };
  let { signal } = new AbortController();
  const ask = async (query: string, via: 'udp' | 'tcp', timeoutMs = 5000): Promise<string> =>
    Buffer.from(
      await upstream.ask(server, Buffer.from(query), via, (bytes) => Buffer.from(bytes).toString() !== 'other', {
        timeoutMs,
        signal,
      }),
    ).toString();
  expect([await ask('x', 'udp'), await ask('y', 'tcp')]).toEqual(['answer to x', 'answer to y']);
  await expect(ask('silence', 'udp', 20)).rejects.toThrow('127.0.0.1 did not answer within 20 ms');
  signal = AbortSignal.timeout(20);
  await expect(ask('silence', 'udp')).rejects.toThrow('127.0.0.1 is not waited for');
  udp.close();
  await new Promise((resolve) => tcp.close(resolve));
});

test.each(['udp', 'tcp'] as const)(
  'a server of a namespace is asked from inside of it by %s; nobody there is an error at once',
  async (via) => {
    const listener = createDnsSockets().listen(path, (query) => Buffer.concat([query, Buffer.from('!')]));
    const upstream = createDnsUpstream();
    const ask = async (address: string, netnsPath?: string): Promise<string> => {
      const options = { timeoutMs: 10_000, signal: new AbortController().signal };
      const server = { address, ...(netnsPath && { netnsPath }) };
      return Buffer.from(await upstream.ask(server, Buffer.from('q'), via, () => true, options)).toString();
    };
    expect(await ask('127.0.0.11', path)).toBe('q!');
    listener.close();
    await expect(ask('127.0.0.11', path)).rejects.toThrow('asking 127.0.0.11: ');
    await expect(ask('192.0.2.1', path)).rejects.toThrow('asking 192.0.2.1: ');
    await expect(ask('127.0.0.11', `${path}-nosuch`)).rejects.toThrow('ENOENT');
  },
);

test('a resolver that stands aside leaves port 53 of every address to others, twice in a row, and is found at its own', async () => {
  const other = Bun.spawn(
    [
      'nsenter',
      `--net=${path}`,
      process.execPath,
      '-e',
      "require('net').createServer().listen(53, '0.0.0.0', () => require('dgram').createSocket('udp4').bind(53, '0.0.0.0', () => console.log('up')))",
    ],
    { stdout: 'pipe', env: { BUN_BE_BUN: '1' } },
  );
  const ready = other.stdout.getReader();
  const sockets = createDnsSockets();
  sockets.listen(path, () => undefined, { aside: true }).close();
  const listener = sockets.listen(path, (query, via) => Buffer.from(`${via}:${Buffer.from(query).toString()}`), {
    aside: true,
  });
  await ready.read();
  const client = Bun.spawn(['nsenter', `--net=${path}`, process.execPath, '-e', CLIENT], {
    stdout: 'pipe',
    env: { BUN_BE_BUN: '1' },
  });
  const lines = (await new Response(client.stdout).text()).trim().split('\n').sort();
  expect(lines).toEqual(['tcp \u0000\u0005tcp:a\u0000\u0005tcp:a', 'udp udp:question 127.0.0.11 53']);
  listener.close();
  other.kill('SIGKILL');
  await other.exited;
  Bun.spawnSync(['nsenter', `--net=${path}`, 'nft', 'delete', 'table', 'ip', 'skiff_dns']);
});
