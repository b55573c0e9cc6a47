import { afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, buildMonitors, createBench, until } from './bench.suite.ts';

setDefaultTimeout(60_000);

let bench: Bench;

beforeAll(buildMonitors);
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.close());

const TIME = String.raw`\d+\.\d{9}`;

/** `x` over and over, as `yes x | head -c N`. */
function yes(length: number): string {
  return 'x\n'.repeat(length / 2);
}

test('a run is told from hello to released, and its exit file stays', async () => {
  const monitor = await bench.launch(['sh', '-c', 'exit 3']);
  const control = await monitor.control();
  expect(await control.line()).toBe(`hello 1 waiting ${monitor.pid} 0 0.000000000`);
  expect(existsSync(join(monitor.dir, 'pid'))).toBe(false);
  control.send('go');
  const lines = (await control.rest()).join('\n');
  expect(lines).toMatch(new RegExp(String.raw`^started \d+ ${TIME}\nexited 3 0 0 ${TIME} ${TIME}\nreleased$`));
  const [, started, finished] = /exited 3 0 0 (\S+) (\S+)/.exec(lines) ?? [];
  expect(monitor.exit()).toEqual({
    exitCode: 3,
    signal: 0,
    oomKilled: false,
    startedAt: started,
    finishedAt: finished,
  });
});

test('every attacher gets the streams it wants, framed, all of it', async () => {
  const monitor = await bench.launch(['sh', '-c', 'echo out; echo err >&2; yes x | head -c 300000; echo end >&2']);
  const control = await monitor.control();
  const clients = await Promise.all(['oe', 'o', 'e', '-', 'oe'].map((letters) => monitor.attach(letters)));
  control.send('go');
  const out = `out\n${yes(300_000)}`;
  const err = 'err\nend\n';
  expect(await Promise.all(clients.map((client) => client.streams()))).toEqual([
    { out, err },
    { out, err: '' },
    { out: '', err },
    { out: '', err: '' },
    { out, err },
  ]);
});

test('an attacher that never reads stops nobody, and still gets everything when it does read', async () => {
  const size = 50_000_000;
  const monitor = await bench.launch(['sh', '-c', `yes x | head -c ${size}`]);
  const control = await monitor.control();
  const lazy = await monitor.attach('o');
  const leaving = await monitor.attach('o');
  const eager = await monitor.attach('o');
  control.send('go');
  expect((await eager.streams()).out.length).toBe(size);
  leaving.socket.destroy();
  expect((await control.rest()).at(-1)).toBe('released');
  expect(readdirSync(join(bench.root, 'spill'))).toEqual([]);
  expect((await lazy.streams()).out === yes(size)).toBe(true);
});

test('stdin goes in before and after the start, and its half-close is the end of it', async () => {
  const monitor = await bench.launch(['wc', '-c'], { stdin: true, stdinOnce: true });
  const control = await monitor.control();
  const client = await monitor.attach('ioe');
  client.socket.write(Buffer.alloc(40_000));
  control.send('go');
  client.socket.end(Buffer.alloc(3_000_000));
  expect((await client.streams()).out).toBe('3040000\n');
  expect((await control.rest()).at(-1)).toBe('released');
});

test('without stdin-once a half-close ends nothing, and several clients write', async () => {
  const monitor = await bench.launch(['sh', '-c', 'read a; echo got $a; read b; echo $a $b'], {
    stdin: true,
  });
  const control = await monitor.control();
  const second = await monitor.attach('io');
  const first = await monitor.attach('i');
  first.socket.end('one\n');
  control.send('go');
  await second.expectText('got one\n');
  second.socket.write('two\n');
  expect((await second.streams()).out).toBe('one two\n');
});

test('a client that leaves without having read delivers its stdin and ends it', async () => {
  const monitor = await bench.launch(['sh', '-c', 'yes x | head -c 50000000 >&2; wc -c'], {
    stdin: true,
    stdinOnce: true,
  });
  const control = await monitor.control();
  const reader = await monitor.attach('o');
  const leaving = await monitor.attach('ie');
  control.send('go');
  await leaving.expectText('x\nx\n');
  leaving.socket.write(Buffer.alloc(150_000), () => leaving.socket.destroy());
  expect((await reader.streams()).out).toBe('150000\n');
});

test('stdin that the process does not read makes the client wait, and its end is a plain end of stream', async () => {
  const monitor = await bench.launch(['sleep', '1000'], { stdin: true, stdinOnce: true });
  const control = await monitor.control();
  const client = await monitor.attach('io');
  client.socket.write(Buffer.alloc(10_000_000));
  control.send('go');
  expect(await control.line()).toStartWith('hello');
  expect(await control.line()).toStartWith('started');
  for (let i = 0; i < 50; i++) {
    control.send('signal 0');
    expect(await control.line()).toBe('signal ok');
  }
  expect(client.socket.writableLength).toBeGreaterThan(9_000_000);
  control.send('signal 9');
  expect(await client.streams()).toEqual({ out: '', err: '' });
});

test('output reaches a client that is still writing when the process ends', async () => {
  const monitor = await bench.launch(['head', '-c', '4'], { stdin: true, stdinOnce: true });
  const control = await monitor.control();
  const client = await monitor.attach('io');
  client.socket.write(Buffer.alloc(10_000_000, 'x'));
  control.send('go');
  expect((await client.streams()).out).toBe('xxxx');
});

test('a client that does not leave after the end is left', async () => {
  const monitor = await bench.launch(['true']);
  const control = await monitor.control();
  const client = await monitor.attach('io');
  control.send('go');
  expect(await client.streams()).toEqual({ out: '', err: '' });
  await until(() => !existsSync(`/proc/${monitor.pid}`));
});

test('without stdin the process reads nothing', async () => {
  const monitor = await bench.launch(['wc', '-c'], { stdin: false });
  const control = await monitor.control();
  const client = await monitor.attach('io');
  client.socket.write('ignored');
  control.send('go');
  expect((await client.streams()).out).toBe('0\n');
});

test('a terminal is raw, has its first size, and is resized', async () => {
  const monitor = await bench.launch(['sh', '-c', 'stty size; read x; stty size; read y'], {
    tty: true,
    stdin: true,
    consoleSize: { rows: 33, columns: 77 },
    log: {},
  });
  const control = await monitor.control();
  const client = await monitor.attach('ioe');
  control.send('go');
  await client.expectText('33 77\r\n');
  control.send('resize 44 88');
  expect(await control.line()).toStartWith('hello');
  expect(await control.line()).toStartWith('started');
  expect(await control.line()).toBe('resize ok');
  client.socket.write('\n');
  await client.expectText('44 88\r\n');
  client.socket.write('bye\n');
  expect((await client.bytes()).toString()).toBe('bye\r\n');
  expect(await control.line()).toStartWith('exited 0 0 0');
  expect(readFileSync(monitor.logPath, 'utf8')).toContain('{"log":"44 88\\r\\n","stream":"stdout","time":"');
});

test('there is no size without a terminal', async () => {
  const monitor = await bench.launch(['true']);
  const control = await monitor.control();
  control.send('resize 10 10');
  expect(await control.line()).toStartWith('hello');
  expect(await control.line()).toBe('resize gone');
  control.send('abandon');
  await control.rest();
});

test('a terminal that the process closes everywhere is kept, and works when it is opened again', async () => {
  const script =
    'touch /tmp/closed; exec <&- >&- 2>&-; while [ ! -e /tmp/go ]; do sleep 0.02 </dev/null >/dev/null 2>&1; done; echo back >/dev/console; sleep 0 </dev/null; echo more >/dev/console; exit 6';
  const monitor = await bench.launch(['sh', '-c', script], { tty: true });
  const control = await monitor.control();
  const client = await monitor.attach('o');
  control.send('go');
  await until(() => existsSync(join(monitor.rootfs, 'tmp/closed')));
  const second = await monitor.control();
  second.send('signal 0');
  expect(await second.line()).toContain(' running ');
  expect(await second.line()).toBe('signal ok');
  const touch = await bench.exec(monitor, ['touch', '/tmp/go']);
  const touching = await touch.control();
  touching.send('go');
  await touching.rest();
  expect((await client.bytes()).toString()).toBe('back\r\nmore\r\n');
  expect((await control.rest()).at(-2)).toStartWith('exited 6 0 0');
});

test('the process gets signals while it runs; afterwards they are refused', async () => {
  const monitor = await bench.launch([
    'sh',
    '-c',
    'trap "echo got; exit 7" USR1; echo ready; while :; do sleep 0.02; done',
  ]);
  const control = await monitor.control();
  control.send('signal 10');
  const client = await monitor.attach('o');
  control.send('go');
  await client.expectText('ready\n');
  control.send('signal 10');
  expect(await control.rest()).toEqual([
    expect.stringContaining('hello 1 waiting'),
    'signal gone',
    expect.stringContaining('started'),
    'signal ok',
    expect.stringContaining('exited 7 0 0'),
    'released',
  ]);
});

test('an end by a signal is 128 and its number', async () => {
  const monitor = await bench.launch(['sleep', '1000']);
  const control = await monitor.control();
  control.send('go');
  await control.line();
  await control.line();
  control.send('signal 9');
  await control.rest();
  expect(monitor.exit()).toMatchObject({ exitCode: 137, signal: 9, oomKilled: false });
});

test('an end by the OOM killer is told', async () => {
  const monitor = await bench.launch(['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=200M', 'count=1'], {
    memoryBytes: 32 * 1024 * 1024,
  });
  const control = await monitor.control();
  control.send('go');
  expect((await control.rest()).at(-2)).toMatch(new RegExp(`^exited 137 9 1 ${TIME} ${TIME}$`));
  expect(monitor.exit()).toMatchObject({ exitCode: 137, signal: 9, oomKilled: true });
});
