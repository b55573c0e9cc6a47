import { afterAll, beforeAll, expect, test } from 'bun:test';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

const COUNTER = 'n=0; while n=$((n+1)); do echo $n; sleep 0.02; done';

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; ) {
    if (await check()) return;
    await Bun.sleep(20);
  }
  throw new Error(`never: ${what}\n${daemon.log()}`);
}

async function page(port: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}/`, { keepalive: false })).text();
}

test('containers go on while the daemon is dead: output, published ports, exit codes; a new daemon takes them all up', async () => {
  const ok = async (args: readonly string[]): Promise<string> => await daemon.ok(args);
  await ok(['run', '-d', '--name', 'counter', 'busybox', 'sh', '-c', COUNTER]);
  const web = 'echo page > /tmp/index.html; exec httpd -f -p 80 -h /tmp';
  await ok(['run', '-d', '--name', 'web', '-p', '127.0.0.1::80', 'busybox', 'sh', '-c', web]);
  await ok(['run', '-d', '--name', 'ends', 'busybox', 'sh', '-c', 'until [ -e /tmp/go ]; do sleep 0.02; done; exit 7']);
  await ok(['run', '-d', '--name', 'again', '--restart', 'always', 'busybox', 'sh', '-c', 'sleep 0.1; exit 3']);
  await ok(['run', '-di', '--name', 'echo', 'busybox', 'cat']);
  const port = (await ok(['port', 'web', '80/tcp'])).split(':').at(-1) ?? '';
  const facts = [
    'inspect',
    '-f',
    '{{.State.StartedAt}} {{.State.Pid}} {{.NetworkSettings.IPAddress}}',
    'counter',
    'web',
  ];
  await until('the page', async () => (await page(port).catch(() => '')) === 'page\n');
  const before = await ok(facts);
  const endsPid = await ok(['inspect', '-f', '{{.State.Pid}}', 'ends']);

  await daemon.kill9();
  expect(await page(port)).toBe('page\n');
  await Bun.write(`/proc/${endsPid}/root/tmp/go`, '');
  await until('the end', async () => !(await Bun.file(`/proc/${endsPid}/cmdline`).exists()));
  await daemon.restart();

  expect(await ok(facts)).toBe(before);
  expect(await ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'ends'])).toBe('exited 7');
  expect(await ok(['ps', '--format', '{{.Names}} {{.Status}}', '--filter', 'name=web'])).toMatch(/^web Up /);
  expect(await page(port)).toBe('page\n');
  expect(await ok(['exec', 'counter', 'echo', 'still here'])).toBe('still here');
  await until(
    'a restart by its policy',
    async () => Number(await ok(['inspect', '-f', '{{.RestartCount}}', 'again'])) > 1,
  );
  await ok(['kill', 'counter']);
  const lines = (await ok(['logs', 'counter'])).split('\n');
  expect(lines).toEqual(lines.map((_, at) => String(at + 1)));
  expect(lines.length).toBeGreaterThan(10);

  const address = await ok(['run', '--rm', 'busybox', 'hostname', '-i']);
  const taken = await ok(['inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'web', 'echo']);
  expect(taken.split('\n')).not.toContain(address);
  const refused = await daemon.docker(['run', '--rm', '-p', `127.0.0.1:${port}:80`, 'busybox', 'true']);
  expect([refused.exitCode, refused.stderr]).toEqual([125, expect.stringContaining('port is already allocated')]);
  await ok(['rm', '-f', 'counter', 'web', 'again', 'echo']);
}, 120_000);

test('what was attached before the daemon died can be attached again', async () => {
  await daemon.ok([
    'run',
    '-di',
    '--name',
    'attachable',
    'busybox',
    'sh',
    '-c',
    'while read -r line; do echo "got $line"; done',
  ]);
  const first = daemon.docker(['attach', 'attachable'], { stdin: 'one\n' });
  await until('one', async () => (await daemon.ok(['logs', 'attachable'])).includes('got one'));
  await daemon.kill9();
  await first;
  await daemon.restart();
  const second = daemon.docker(['attach', 'attachable'], { stdin: 'two\n' });
  await until('two', async () => (await daemon.ok(['logs', 'attachable'])).includes('got two'));
  await daemon.ok(['rm', '-f', 'attachable']);
  await second;
}, 60_000);

test('SIGTERM with --live-restore leaves containers running, without it stops them', async () => {
  await using live = await startDaemon({ flags: ['--live-restore'] });
  await live.ok(['run', '-d', '--name', 'stays', 'busybox', 'sleep', '1000']);
  const pid = await live.ok(['inspect', '-f', '{{.State.Pid}}', 'stays']);
  await live.restart();
  expect(await live.ok(['inspect', '-f', '{{.State.Pid}} {{.State.Running}}', 'stays'])).toBe(`${pid} true`);

  await daemon.ok(['run', '-d', '--name', 'goes', '--stop-timeout', '0', 'busybox', 'sleep', '1000']);
  await daemon.restart();
  expect(await daemon.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'goes'])).toBe('exited 137');
}, 120_000);

test('who is attached sees how the container ends when the daemon is stopped in order', async () => {
  await using other = await startDaemon();
  const script = 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.02; done';
  const attached = other.docker(['run', '--name', 'last', 'busybox', 'sh', '-c', script]);
  while ((await other.docker(['logs', 'last'])).stdout !== 'ready\n') await Bun.sleep(20);
  await other.restart();
  const { stdout, exitCode } = await attached;
  expect({ stdout, exitCode }).toEqual({ stdout: 'ready\nbye\n', exitCode: 5 });
}, 60_000);
