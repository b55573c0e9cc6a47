import { afterAll, beforeAll, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

/** A websocket of the runtime's own client, with what it got so far. */
function open(
  name: string,
  query: string,
  version = '1.51',
): { socket: WebSocket; text: () => string; closed: Promise<number> } {
  const socket = new WebSocket(`ws+unix://${daemon.socket}:/v${version}/containers/${name}/attach/ws?${query}`);
  socket.binaryType = 'arraybuffer';
  let text = '';
  socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
    text += typeof data === 'string' ? `text:${data}` : Buffer.from(data).toString();
  });
  const closed = new Promise<number>((resolve) => socket.addEventListener('close', ({ code }) => resolve(code)));
  return { socket, text: () => text, closed };
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(20);
}

const opened = async (socket: WebSocket): Promise<void> => await until(() => socket.readyState === WebSocket.OPEN);

test('input goes in, both outputs come back without frames, and the end of the container is the end of the socket', async () => {
  await daemon.ok([
    'create',
    '-i',
    '--name',
    'talks',
    'busybox',
    'sh',
    '-c',
    'read x; echo "out $x"; echo "err $x" >&2; read y',
  ]);
  const { socket, text, closed } = open('talks', 'stream=1&stdin=1&stdout=1&stderr=1');
  await opened(socket);
  await daemon.ok(['start', 'talks']);
  socket.send('first\n');
  await until(() => text().includes('err first'));
  expect(text().split('\n').toSorted()).toEqual(['', 'err first', 'out first']);
  socket.send(Buffer.from('second\n'));
  expect(await closed).toBe(1000);
  await daemon.ok(['wait', 'talks']);
  await daemon.ok(['rm', 'talks']);
}, 60_000);

test('only the streams that are asked for come, and the log first', async () => {
  await daemon.ok(['run', '-d', '--name', 'logs', 'busybox', 'sh', '-c', 'echo out; echo err >&2']);
  await daemon.ok(['wait', 'logs']);
  const { text, closed } = open('logs', 'logs=1&stderr=1');
  expect(await closed).toBe(1000);
  expect(text()).toBe('err\n');
  await daemon.ok(['rm', 'logs']);
}, 60_000);

test('a terminal is left by the detach keys, and runs on', async () => {
  await daemon.ok(['run', '-dit', '--name', 'tty', 'busybox', 'cat']);
  const { socket, text, closed } = open('tty', 'stream=1&stdin=1&stdout=1&detachKeys=ctrl-x');
  await opened(socket);
  socket.send('typed\n');
  await until(() => text().includes('typed'));
  socket.send('\x18');
  expect(await closed).toBe(1000);
  expect(await daemon.ok(['inspect', '-f', '{{.State.Running}}', 'tty'])).toBe('true');
  await daemon.ok(['rm', '-f', 'tty']);
}, 60_000);

test('closing the socket is the end of an input that is attached once', async () => {
  const create = { Image: 'busybox', Cmd: ['cat'], OpenStdin: true, StdinOnce: true };
  const made = await fetch('http://d/containers/create?name=once', {
    unix: daemon.socket,
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(create),
  });
  expect(made.status).toBe(201);
  const { socket } = open('once', 'stream=1&stdin=1&stdout=1');
  await opened(socket);
  await daemon.ok(['start', 'once']);
  socket.close();
  expect(await daemon.ok(['wait', 'once'])).toBe('0');
  await daemon.ok(['wait', 'once']);
  await daemon.ok(['rm', 'once']);
}, 60_000);

test('before API 1.28 messages are text, and before 1.42 all streams come whatever is asked for', async () => {
  await daemon.ok(['run', '-d', '--name', 'old', 'busybox', 'sh', '-c', 'echo out; echo err >&2']);
  await daemon.ok(['wait', 'old']);
  const old = open('old', 'logs=1', '1.27');
  await old.closed;
  expect(old.text()).toBe('text:out\ntext:err\n');
  const later = open('old', 'logs=1', '1.41');
  await later.closed;
  expect(later.text()).toBe('out\nerr\n');
  await daemon.ok(['rm', 'old']);
}, 60_000);

test('a client that does not read stops nobody and makes nothing grow', async () => {
  await daemon.ok([
    'run',
    '-d',
    '--name',
    'loud',
    '--log-driver',
    'none',
    '-i',
    'busybox',
    'sh',
    '-c',
    'read x; yes; true',
  ]);
  const deaf = connect(daemon.socket);
  const key =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  deaf.write(`GET /containers/loud/attach/ws?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\n${key}\r\n`);
  await new Promise((resolve) => deaf.once('readable', resolve));
  const before = residentBytes();
  const { socket, text } = open('loud', 'stream=1&stdin=1&stdout=1');
  await opened(socket);
  socket.send('go\n');
  await until(() => text().length > 20_000_000);
  expect(residentBytes() - before).toBeLessThan(100 * 1024 * 1024);
  deaf.destroy();
  socket.close();
  await daemon.ok(['rm', '-f', 'loud']);
}, 60_000);

function residentBytes(): number {
  const status = Bun.spawnSync(['cat', `/proc/${daemon.pid}/status`]).stdout.toString();
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}
