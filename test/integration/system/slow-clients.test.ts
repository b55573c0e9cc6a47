import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { tarHeader } from '../../../src/lib/tar/writer.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

/** What the daemon may grow by for all clients of a test. Each holds some pieces of 256 KiB; what they ask for is many times more. */
const GROWTH_BYTES = 100 * 1024 * 1024;
const FILE_MIB = 200;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

async function ask(method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`http://d${path}`, {
    unix: daemon.socket,
    method,
    headers: { 'Content-Type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}

/** A client that asks and then never reads. */
function deaf(path: string, method = 'GET'): Socket {
  const socket = connect(daemon.socket);
  socket.pause();
  socket.write(
    `${method} ${path} HTTP/1.1\r\nHost: d\r\n${method === 'POST' ? 'Connection: Upgrade\r\nUpgrade: tcp\r\n' : ''}\r\n`,
  );
  return socket;
}

/** Says that it sends a large file, sends half of it, and waits. */
async function half(request: string): Promise<Socket> {
  const socket = connect(daemon.socket);
  const size = FILE_MIB * 1024 * 1024;
  const type = 'Content-Type: application/x-tar';
  socket.write(`${request} HTTP/1.1\r\nHost: d\r\n${type}\r\nContent-Length: ${size}\r\n\r\n`);
  socket.write(tarHeader({ name: 'large', type: 'file', size }));
  const piece = Buffer.alloc(1024 * 1024, 'x');
  for (let sent = 0; sent < FILE_MIB / 2; sent++) await new Promise((resolve) => void socket.write(piece, resolve));
  return socket;
}

/** What the engine has put on disk of things that are not whole yet. */
function drafts(): readonly string[] {
  const folders = ['content/ingest', 'content/partial', 'drafts', 'build-contexts', 'build-contexts/extra', 'layers'];
  return folders.flatMap((folder) => readdirSync(join(daemon.root, 'd', folder)));
}

/** The status of the answer that waits for a deaf client. */
async function statusOf(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  socket.once('data', (piece: Buffer) => {
    socket.pause();
    resolve(piece.toString('latin1').slice(0, 12));
  });
  socket.resume();
  return await promise;
}

/** Waits until the daemon has nothing to do: everything that it could hold for these clients it holds. */
async function settled(): Promise<void> {
  const ticks = (): number => {
    const fields = readFileSync(`/proc/${daemon.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  for (let before = -100, now = ticks(); now > before + 1; ) {
    before = now;
    await Bun.sleep(500);
    now = ticks();
  }
}

function residentBytes(): number {
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}

test('clients of events, logs, attach and stats that do not read make nothing grow, and stop nobody', async () => {
  await daemon.ok([
    'create',
    '--name',
    'loud',
    '-i',
    '--log-opt',
    'max-size=2m',
    '--log-opt',
    'max-file=2',
    'busybox',
    'sh',
    '-c',
    'read x; yes $(head -c 4000 /dev/zero | tr "\\\\0" x) | head -n 20000',
  ]);
  await daemon.ok(['start', 'loud']);
  const clients = [
    ...Array.from({ length: 5 }, () => deaf('/events')),
    ...Array.from({ length: 5 }, () => deaf('/containers/loud/logs?follow=1&stdout=1')),
    ...Array.from({ length: 5 }, () => deaf('/containers/loud/attach?stream=1&stdout=1', 'POST')),
    ...Array.from({ length: 5 }, () => deaf('/containers/loud/stats')),
  ];
  await daemon.ok(['volume', 'create', 'settled']);
  const before = residentBytes();
  const typing = deaf('/containers/loud/attach?stream=1&stdin=1', 'POST');
  typing.write('go\n');
  for (let at = 0; at < 200; at++) {
    await ask('POST', '/volumes/create', { Name: 'grown', Labels: { a: 'x'.repeat(1000) } });
    await ask('DELETE', '/volumes/grown');
  }
  expect(await daemon.ok(['wait', 'loud'])).toBe('0');
  expect(await daemon.ok(['logs', '--tail', '1', 'loud'])).toBeDefined();
  expect(residentBytes() - before).toBeLessThan(GROWTH_BYTES);
  for (const client of [...clients, typing]) client.destroy();
  await daemon.ok(['rm', '-f', 'loud']);
  const monitors = (): string => Bun.spawnSync(['pgrep', '-f', `${daemon.root}/e/c/`]).stdout.toString();
  while (monitors() !== '') await Bun.sleep(20);
  await daemon.ok(['volume', 'rm', 'settled']);
}, 120_000);

test('clients of cp, export and save that stop reading make nothing grow, and let go when they are gone', async () => {
  const make = `head -c ${FILE_MIB}M /dev/zero | tr '\\0' x > /big`;
  await daemon.ok(['run', '--name', 'big', 'busybox', 'sh', '-c', make]);
  await daemon.ok(['commit', 'big', 'big']);
  await daemon.ok(['run', '-d', '--name', 'runs', '--stop-timeout', '0', 'big', 'sleep', '1000']);
  const before = residentBytes();
  const clients = Array.from({ length: 4 }, () => [
    deaf('/containers/runs/export'),
    deaf('/containers/runs/archive?path=/big'),
    deaf('/images/big/get'),
  ]).flat();
  await settled();
  expect(residentBytes() - before).toBeLessThan(GROWTH_BYTES);
  expect(await Promise.all(clients.map(statusOf))).toEqual(clients.map(() => 'HTTP/1.1 200'));
  expect(await daemon.ok(['exec', 'runs', 'echo', 'alive'])).toBe('alive');
  const held = deaf('/containers/big/archive?path=/big');
  expect(await statusOf(held)).toBe('HTTP/1.1 200');
  for (const client of [...clients, held]) client.destroy();
  await daemon.ok(['rm', '-f', 'big', 'runs']);
  await daemon.ok(['rmi', 'big']);
}, 120_000);

test('clients that send half of what they said make nothing grow, and what they sent leaves nothing', async () => {
  await daemon.ok(['run', '-d', '--name', 'takes', '--stop-timeout', '0', 'busybox', 'sleep', '1000']);
  const draftsBefore = drafts();
  const before = residentBytes();
  const requests = ['POST /images/load', 'POST /build', 'PUT /containers/takes/archive?path=/tmp'];
  const clients = await Promise.all([...requests, ...requests, ...requests].map(half));
  await settled();
  expect(residentBytes() - before).toBeLessThan(GROWTH_BYTES);
  expect(await daemon.ok(['exec', 'takes', 'echo', 'alive'])).toBe('alive');
  for (const client of clients) client.destroy();
  await settled();
  expect(drafts()).toEqual(draftsBefore);
  await daemon.ok(['rm', '-f', 'takes']);
}, 120_000);
