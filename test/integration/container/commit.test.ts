import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { type CommandOptions, type CommandResult, runCommand } from '../../helpers/docker-cli.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
const CHANGE =
  'mkdir /n; echo x >/n/f; ln /n/f /n/g; echo a >>/etc/passwd; rm /bin/vi; rm -rf /root; mkdir /root; touch /tmp/z';

let daemon: TestDaemon;
let work = '';
beforeAll(async () => {
  daemon = await startDaemon();
  work = mkdtempSync('/tmp/skt-commit-');
  await daemon.ok(['run', '--name', 'changed', '-v', '/volume', 'busybox', 'sh', '-c', `${CHANGE}; touch /volume/not`]);
}, 60_000);
afterAll(async () => {
  rmSync(work, { recursive: true, force: true });
  await daemon.stop();
}, 60_000);

async function ours(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return await runCommand([OURS, ...args], { ...options, env: { DOCKER_HOST: daemon.host, HOME: work } });
}

test('diff names what was changed, added and deleted, and no mount point of the engine', async () => {
  const changes = [
    'C /bin',
    'D /bin/vi',
    'C /etc',
    'C /etc/passwd',
    'A /n',
    'A /n/f',
    'A /n/g',
    'C /root',
    'C /tmp',
    'A /tmp/z',
  ];
  expect((await daemon.ok(['diff', 'changed'])).split('\n')).toEqual([...changes, 'A /volume']);
  expect(await ours(['diff', 'changed'])).toEqual(await daemon.docker(['diff', 'changed']));
  await daemon.ok(['create', '--name', 'fresh', 'busybox', 'true']);
  expect(await ours(['diff', 'fresh'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  expect((await ours(['diff', 'none'])).stderr).toBe('Error response from daemon: No such container: none\n');
});

test('a running container differs while it runs', async () => {
  await daemon.ok([
    'run',
    '-d',
    '--name',
    'writing',
    '--stop-timeout',
    '0',
    'busybox',
    'sh',
    '-c',
    'touch /made; sleep 1000',
  ]);
  for (let tries = 0; (await daemon.ok(['diff', 'writing'])) !== 'A /made' && tries < 100; tries++) await Bun.sleep(20);
  expect(await daemon.ok(['diff', 'writing'])).toBe('A /made');
});

test('a commit keeps files, deletions, hard links and settings; the layer depends on nothing but the files', async () => {
  const args = ['-m', 'why', '-a', 'who', '-c', 'CMD ["cat", "/n/f"]', '-c', 'ENV A=b', 'changed', 'made:1'];
  expect((await ours(['commit', ...args])).stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(await daemon.ok(['run', '--rm', 'made:1'])).toBe('x');
  const script = 'ls /bin/vi; ls -A /root; stat -c %h /n/g; tail -n 1 /etc/passwd; echo $A; ls -A /volume';
  const run = await daemon.docker(['run', '--rm', 'made:1', 'sh', '-c', script]);
  expect([run.stdout, run.stderr]).toEqual(['2\na\nb\n', 'ls: /bin/vi: No such file or directory\n']);
  const format = '{{.Author}} {{.Comment}} {{json .Config.Cmd}} {{len .RootFS.Layers}}';
  expect(await daemon.ok(['image', 'inspect', '-f', format, 'made:1'])).toBe('who why ["cat","/n/f"] 2');
  expect((await daemon.ok(['history', '--format', '{{.Comment}}', 'made:1'])).split('\n')[0]).toBe('why');
  await daemon.ok(['commit', 'changed', 'made:2']);
  const layers = await daemon.ok(['image', 'inspect', '-f', '{{.RootFS.Layers}}', 'made:1', 'made:2']);
  expect(new Set(layers.split('\n')).size).toBe(1);
}, 60_000);

test('a running container stands still during a commit unless told not to, and goes on', async () => {
  await daemon.ok(['run', '-d', '--name', 'runs', '--stop-timeout', '0', 'busybox', 'sleep', '1000']);
  const since = String(Date.now() / 1000);
  await daemon.ok(['commit', 'runs', 'paused:yes']);
  expect((await ours(['commit', '--pause=false', 'runs', 'paused:no'])).exitCode).toBe(0);
  expect(await daemon.ok(['inspect', '-f', '{{.State.Status}}', 'runs'])).toBe('running');
  const until = String(Date.now() / 1000 + 0.001);
  const filters = ['--filter', 'container=runs', '--format', '{{.Action}} {{.Actor.Attributes.imageRef}}'];
  const told = await daemon.ok(['events', '--since', since, '--until', until, ...filters]);
  expect(told.split('\n').map((line) => line.trim())).toEqual([
    'pause <no value>',
    'unpause <no value>',
    'commit paused:yes',
    'commit paused:no',
  ]);
});

test('a bad name, a bad change and an unknown container are refused, and leave no image', async () => {
  const before = await daemon.ok(['images', '-aq']);
  expect((await ours(['commit', 'changed', 'UPPER'])).exitCode).toBe(1);
  const change = await ours(['commit', '-c', 'FROM x', 'changed']);
  expect(change.stderr).toBe('Error response from daemon: FROM is not a valid change command\n');
  expect((await ours(['commit', 'none'])).stderr).toBe('Error response from daemon: No such container: none\n');
  expect(await daemon.ok(['images', '-aq'])).toBe(before);
});

test('an export holds the root without volumes, from running and stopped containers, and can be imported', async () => {
  const file = join(work, 'export.tar');
  expect(await ours(['export', '-o', file, 'changed'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  const names = (await runCommand(['tar', 'tf', file])).stdout.split('\n');
  expect(names).toContain('n/f');
  expect(names).toContain('volume/');
  expect(names.filter((name) => name === 'volume/not' || name === 'bin/vi' || /^proc\/./.test(name))).toEqual([]);
  await daemon.ok(['import', file, 'imported:1']);
  expect(await daemon.ok(['run', '--rm', 'imported:1', 'cat', '/n/f'])).toBe('x');
  const refused = await ours(['export', '-o', work, 'changed']);
  expect(refused.stderr).toBe('failed to export container: cannot write to a directory\n');
  expect((await daemon.docker(['export', '-o', join(work, 'r.tar'), 'writing'])).exitCode).toBe(0);
}, 60_000);
