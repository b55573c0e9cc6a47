import { afterEach, beforeAll, beforeEach, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  type Bench,
  buildMonitors,
  childrenOf,
  createBench,
  descriptorsOf,
  type Running,
  until,
} from './bench.suite.ts';
import { controlOf } from './line-client.suite.ts';

setDefaultTimeout(60_000);

let bench: Bench;

beforeAll(buildMonitors);
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.close());

/** Tells a monitor to go and waits until its process has started. */
async function start(monitor: Running): Promise<{ readonly pid: number }> {
  const control = await monitor.control();
  control.send('go');
  await control.line();
  const [word, pid] = ((await control.line()) ?? '').split(' ');
  expect(word).toBe('started');
  return { pid: Number(pid) };
}

/** A script that stands in for crun: runs `before`, then crun with its arguments. */
function scriptedRuntime(before: string): readonly string[] {
  const path = join(bench.root, 'runtime.sh');
  writeFileSync(path, `${before}\nexec /usr/bin/crun --root ${bench.root}/crun --cgroup-manager cgroupfs "$@"\n`);
  return ['/bin/sh', path];
}

/** The log's records without their times, which are checked to be times. */
function recordsOf(text: string): readonly unknown[] {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      expect(line).toMatch(/,"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,8}[1-9])?Z"\}$/);
      return line.replace(/,"time":"[^"]*"\}$/, '}');
    });
}

test.each([
  [['nope'], /executable file `nope` not found/],
  [['/tmp'], /permitted|permission denied|is a directory/i],
])('%p cannot be started: the runtime says why, and nothing is left', async (command, text) => {
  const monitor = await bench.launch(command);
  const control = await monitor.control();
  const client = await monitor.attach('oe');
  control.send('go');
  const lines = await control.rest();
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/^failed 1 "/);
  expect(JSON.parse((lines[1] ?? '').replace(/^failed 1 /, ''))).toMatch(text);
  expect(lines[2]).toBe('released');
  expect(await client.streams()).toEqual({ out: '', err: '' });
  expect(existsSync(join(monitor.dir, 'exit'))).toBe(false);
});

test('a runtime that is not there is a failure to start', async () => {
  const monitor = await bench.launch(['true'], { runtime: ['/nowhere/crun'], tty: true });
  const control = await monitor.control();
  control.send('go');
  expect((await control.rest()).slice(1)).toEqual(['failed 127 ""', 'released']);
});

test('a failure to start is told when no process of the runtime is left', async () => {
  const pidFile = join(bench.root, 'left');
  const script = join(bench.root, 'gives-up.sh');
  writeFileSync(script, `sleep 0.2 &\necho $! > ${pidFile}\nexit 1\n`);
  const container = await bench.launch(['sleep', '1000']);
  await start(container);
  const monitor = await bench.exec(container, ['true'], { runtime: ['/bin/sh', script] });
  const control = await monitor.control();
  control.send('go');
  await control.line();
  expect(await control.line()).toBe('failed 1 ""');
  expect(existsSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}`)).toBe(false);
});

test('abandon ends a monitor that waits; one that runs ignores it', async () => {
  const waiting = await (await bench.launch(['true'])).control();
  waiting.send('abandon');
  waiting.send('go');
  expect((await waiting.rest()).slice(1)).toEqual(['released']);
  const running = await bench.launch(['sleep', '1000']);
  await start(running);
  const control = await running.control();
  control.send('abandon');
  control.send('signal 0');
  expect(await control.line()).toContain(' running ');
  expect(await control.line()).toBe('signal ok');
});

test('a waiting monitor ends with its last control connection', async () => {
  const monitor = await bench.launch(['true']);
  const [first, second] = [await monitor.control(), await monitor.control()];
  expect(await second.line()).toContain(' waiting ');
  first.socket.destroy();
  second.send('signal 0');
  expect(await second.line()).toBe('signal gone');
  second.socket.end();
  expect(await second.rest()).toEqual([]);
  await until(() => !existsSync(`/proc/${monitor.pid}`));
  expect(readdirSync(monitor.dir)).toEqual([]);
});

test('a monitor outlives who launched it; a new client learns its state and its end', async () => {
  const monitor = await bench.launch(['sh', '-c', 'while [ ! -e /tmp/go ]; do sleep 0.02; done; exit 4'], {
    orphaned: true,
  });
  const first = await monitor.control();
  first.send('go');
  await first.line();
  const started = ((await first.line()) ?? '').replace('started ', '');
  first.socket.destroy();
  const second = await monitor.control();
  expect(await second.line()).toBe(`hello 1 running ${monitor.pid} ${started}`);
  writeFileSync(join(monitor.rootfs, 'tmp/go'), '');
  expect(await second.rest()).toEqual([expect.stringMatching(/^exited 4 0 0 /), 'released']);
  expect(monitor.exit()).toMatchObject({ exitCode: 4, startedAt: started.split(' ')[1] });
});

test('who comes while the runtime works hears of a state only when there is one', async () => {
  const gate = join(bench.root, 'gate');
  const runtime = scriptedRuntime(`touch ${gate}.reached; while [ ! -e ${gate} ]; do sleep 0.02; done`);
  const monitor = await bench.launch(['sleep', '1000'], { runtime });
  const first = await monitor.control();
  first.send('go');
  await until(() => existsSync(`${gate}.reached`));
  const second = await monitor.control();
  first.send('signal 9');
  await first.line();
  expect(await first.line()).toBe('signal gone');
  writeFileSync(gate, '');
  expect(await second.line()).toContain(' running ');
  expect(await first.line()).toStartWith('started ');
});

test('who comes while the runtime fails hears that it is over', async () => {
  const gate = join(bench.root, 'gate');
  const runtime = scriptedRuntime(
    `touch ${gate}.reached; while [ ! -e ${gate} ]; do sleep 0.02; done; echo no luck >&2; exit 9`,
  );
  const monitor = await bench.launch(['true'], { runtime });
  const first = await monitor.control();
  first.send('go');
  await until(() => existsSync(`${gate}.reached`));
  const second = await monitor.control();
  first.send('signal 9');
  await first.line();
  await first.line();
  writeFileSync(gate, '');
  expect((await first.rest())[0]).toBe('failed 9 "no luck\\n"');
  expect(await second.rest()).toEqual([`hello 1 exited ${monitor.pid} 0 0.000000000`, 'released']);
});

test('the log is json-file, to the byte', async () => {
  const script = String.raw`echo 'a"b\c<&>'; echo err >&2; head -c 20000 /dev/zero | tr '\0' x; echo; echo -ne 'bad \xff\xe2\x82'`;
  const monitor = await bench.launch(['sh', '-c', script], { log: { attrs: '{"tag":"t"}' } });
  await (await start(monitor), await monitor.control()).rest();
  const out = (line: string): string => `{"log":"${line}","stream":"stdout","attrs":{"tag":"t"}}`;
  const records = recordsOf(readFileSync(monitor.logPath, 'utf8'));
  const errors = '{"log":"err\\n","stream":"stderr","attrs":{"tag":"t"}}';
  expect(records.filter((record) => record === errors)).toHaveLength(1);
  expect(records.filter((record) => record !== errors)).toEqual([
    out(String.raw`a\"b\\c\u003c\u0026\u003e\n`),
    out('x'.repeat(16_384)),
    out(`${'x'.repeat(3_616)}\\n`),
    out(String.raw`bad \ufffd\ufffd\ufffd`),
  ]);
});

test('the log is rotated and compressed, and no line is lost or doubled', async () => {
  const script = 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done';
  const monitor = await bench.launch(['sh', '-c', script], {
    log: { maxSizeBytes: 20_000, maxFiles: 50, compress: true },
  });
  await (await start(monitor), await monitor.control()).rest();
  const folder = (): readonly string[] => readdirSync(bench.root).filter((name) => name.startsWith('log0.'));
  await until(() => folder().every((name) => name.endsWith('.gz')));
  const numbers = folder().map((name) => Number(name.split('.')[1]));
  expect(numbers.length).toBeGreaterThan(3);
  const older = numbers.toSorted((a, b) => b - a).map((n) => gunzipSync(readFileSync(`${monitor.logPath}.${n}.gz`)));
  const live = readFileSync(monitor.logPath);
  for (const file of [...older, live]) expect(file.length).toBeLessThanOrEqual(40_000);
  expect(recordsOf(Buffer.concat([...older, live]).toString())).toEqual(
    Array.from({ length: 2000 }, (_, n) => `{"log":"line ${n}\\n","stream":"stdout"}`),
  );
});

test('a full disk under the log costs records, never the process or its readers', async () => {
  const monitor = await bench.launch(['sh', '-c', 'yes x | head -c 1000000; exit 5'], { log: { path: '/dev/full' } });
  const client = await monitor.attach('o');
  const control = await monitor.control();
  control.send('go');
  expect((await client.streams()).out.length).toBe(1_000_000);
  expect((await control.rest()).at(-2)).toStartWith('exited 5 ');
});

test('what the runtime leaves behind is reaped while the container runs', async () => {
  const monitor = await bench.launch(['sleep', '1000'], {
    runtime: scriptedRuntime('for i in 1 2 3; do (sh -c "sleep 0.05; exit 3" &) ; done'),
  });
  const { pid } = await start(monitor);
  await until(() => childrenOf(monitor.pid).length === 1);
  expect(childrenOf(monitor.pid)).toEqual([pid]);
});

test('an exec session has its own streams, stdin and exit code; the container goes on', async () => {
  const container = await bench.launch(['sleep', '1000']);
  await start(container);
  const exec = await bench.exec(container, ['sh', '-c', 'cat; echo err >&2; exit 5'], { stdin: true, stdinOnce: true });
  const control = await exec.control();
  const client = await exec.attach('ioe');
  control.send('go');
  client.socket.end('typed');
  expect(await client.streams()).toEqual({ out: 'typed', err: 'err\n' });
  expect((await control.rest()).at(-2)).toStartWith('exited 5 0 0 ');
  const failing = await (await bench.exec(container, ['nope'])).control();
  failing.send('go');
  expect((await failing.rest())[1]).toMatch(/^failed \d+ .*not found/);
  const still = await container.control();
  still.send('signal 0');
  await still.line();
  expect(await still.line()).toBe('signal ok');
});

test('output held open by a process left behind does not keep an exec session alive', async () => {
  const container = await bench.launch(['sleep', '1000']);
  await start(container);
  const exec = await bench.exec(container, ['sh', '-c', 'sleep 1000 & echo done']);
  const client = await exec.attach('o');
  const control = await exec.control();
  control.send('go');
  expect((await client.streams()).out).toBe('done\n');
  expect((await control.rest()).at(-1)).toBe('released');
});

test.each([
  ['control 2\n'],
  ['attach 1 x\n'],
  ['attach 2 o\n'],
  ['hello\n'],
  ['\n'],
  ['\0\n'],
  ['x'.repeat(256)],
  [`control 1\n${'x'.repeat(300)}`],
  ['control 1\nnonsense\n'],
  ['control 1\nsignal 65\n'],
  ['control 1\nsignal\n'],
])('a client that says %j is shown out', async (text) => {
  const monitor = await bench.launch(['true']);
  const control = await monitor.control();
  const socket = await monitor.connect();
  socket.write(text);
  const answer = (await controlOf(socket).rest()).filter((line) => !line.startsWith('hello 1 waiting'));
  expect(answer).toEqual([]);
  control.send('signal 0');
  expect([await control.line(), await control.line()]).toEqual([expect.stringContaining('waiting'), 'signal gone']);
});

test.each([[false], [true]])(
  'output waits when the log has used its credit, and for nobody who has left (tty: %p)',
  async (tty) => {
    const command = ['sh', '-c', `yes ${'x'.repeat(1000)} | head -c 4000000; touch /tmp/done; sleep 1000`];
    const monitor = await bench.launch(command, { tty, log: {} });
    const giver = await monitor.control();
    giver.send('credit 1000000');
    giver.send('go');
    expect(await giver.line()).toStartWith('hello');
    expect(await giver.line()).toStartWith('started');
    const size = (): number => statSync(monitor.logPath).size;
    for (const least of [1_000_000, 2_000_000]) {
      await until(() => size() >= least);
      // By its next answer it has written all of what it had read.
      giver.send('signal 18');
      expect(await giver.line()).toBe('signal ok');
      const held = size();
      for (let turn = 0; turn < 20; turn++) {
        giver.send('signal 18');
        expect(await giver.line()).toBe('signal ok');
      }
      expect(size()).toBe(held);
      if (least < 2_000_000) giver.send(`credit ${2_000_000 - held}`);
    }
    expect(existsSync(join(monitor.rootfs, 'tmp/done'))).toBe(false);
    giver.socket.destroy();
    await until(() => existsSync(join(monitor.rootfs, 'tmp/done')));
    const other = await monitor.control();
    other.send('credit 0');
    other.send('signal 9');
    expect(await other.rest()).toContainEqual(expect.stringMatching(/^exited 137 9 /));
  },
);

test('hundreds of silent clients keep nobody out once they leave, and no descriptor stays', async () => {
  const monitor = await bench.launch(['sleep', '1000']);
  await start(monitor);
  const before = descriptorsOf(monitor.pid);
  const silent = await Promise.all(Array.from({ length: 300 }, () => monitor.connect()));
  const queued = await monitor.control();
  for (const socket of silent) socket.destroy();
  expect(await queued.line()).toContain(' running ');
  for (let i = 0; i < 20; i++) (await monitor.attach('ioe')).socket.destroy();
  queued.socket.destroy();
  await until(() => descriptorsOf(monitor.pid).length <= before.length);
  expect(descriptorsOf(monitor.pid)).toEqual(before);
});

test('a line may come in pieces', async () => {
  const monitor = await bench.launch(['true']);
  const socket = await monitor.connect();
  const control = controlOf(socket);
  for (const byte of 'control 1\nsignal 0\nabandon') socket.write(byte);
  expect(await control.line()).toContain('waiting');
  expect(await control.line()).toBe('signal gone');
  socket.write('\n');
  expect(await control.rest()).toEqual(['released']);
});

test('the socket is only for root', async () => {
  const monitor = await bench.launch(['true']);
  expect(statSync(join(monitor.dir, 'ctl')).mode & 0o777).toBe(0o600);
});

test('the shipped monitor takes less than 1 MiB of memory, with a backlog too', async () => {
  const monitor = await bench.launch(['sh', '-c', 'yes x | head -c 20000000; echo end >&2; sleep 1000'], {
    release: true,
    log: { maxSizeBytes: 1_000_000 },
  });
  const lazy = await monitor.attach('o');
  const eager = await monitor.attach('e');
  await start(monitor);
  await eager.expectText('end\n');
  const pss = /^Pss: +(\d+) kB/m.exec(readFileSync(`/proc/${monitor.pid}/smaps_rollup`, 'utf8'));
  expect(Number(pss?.[1])).toBeWithin(1, 1024);
  expect(lazy.socket.destroyed).toBe(false);
});
