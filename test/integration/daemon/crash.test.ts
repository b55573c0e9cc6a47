import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

test('a signal that a user meant to end a container counts although the daemon died before it ended', async () => {
  const script =
    'trap "until [ -e /tmp/go ]; do sleep 0.02; done; exit 0" TERM; echo ready; while :; do sleep 0.02; done';
  await daemon.ok(['run', '-d', '--name', 'asked', '--restart', 'unless-stopped', 'busybox', 'sh', '-c', script]);
  while ((await daemon.ok(['logs', 'asked'])) !== 'ready') await Bun.sleep(20);
  const pid = await daemon.ok(['inspect', '-f', '{{.State.Pid}}', 'asked']);
  await daemon.ok(['kill', '-s', 'TERM', 'asked']);
  await daemon.kill9();
  writeFileSync(`/proc/${pid}/root/tmp/go`, '');
  await daemon.restart();
  while ((await daemon.ok(['inspect', '-f', '{{.State.Running}}', 'asked'])) === 'true') await Bun.sleep(20);
  expect(await daemon.ok(['inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'asked'])).toBe('exited 0');
  await daemon.ok(['rm', 'asked']);
}, 60_000);

test('a pid file that names a process which is no daemon does not stop a daemon', async () => {
  await daemon.kill9();
  writeFileSync(join(daemon.root, 'p'), String(process.pid));
  await daemon.restart();
  expect(await daemon.ok(['ps', '-q'])).toBe('');
}, 60_000);

test('a container that stood still for a commit when the daemon died goes on, and there is no image', async () => {
  const write = 'head -c 400M /dev/zero | tr "\\0" x > /large; echo written; sleep 1000';
  await daemon.ok(['run', '-d', '--name', 'copied', 'busybox', 'sh', '-c', write]);
  while ((await daemon.ok(['logs', 'copied'])) !== 'written') await Bun.sleep(20);
  const status = async (): Promise<string> => await daemon.ok(['inspect', '-f', '{{.State.Status}}', 'copied']);
  const committed = daemon.docker(['commit', 'copied', 'half']);
  while ((await status()) !== 'paused') await Bun.sleep(5);
  await daemon.kill9();
  expect((await committed).exitCode).not.toBe(0);
  await daemon.restart();
  expect([await status(), await daemon.ok(['exec', 'copied', 'echo', 'awake'])]).toEqual(['running', 'awake']);
  expect(await daemon.ok(['images', '-q', 'half'])).toBe('');
  await daemon.ok(['commit', 'copied', 'whole']);
  await daemon.ok(['rm', '-f', 'copied']);
  await daemon.ok(['rmi', 'whole']);
}, 60_000);

test('a container that was frozen when the daemon died is paused, and can be woken', async () => {
  await daemon.ok(['run', '-d', '--name', 'cold', 'busybox', 'sleep', '1000']);
  await daemon.ok(['pause', 'cold']);
  await daemon.kill9();
  // As if it had died between freezing and keeping that.
  const db = new Database(join(daemon.root, 'd/db.sqlite'));
  db.run(`UPDATE containers SET state = json_set(state, '$.status', 'running')`);
  db.close();
  await daemon.restart();
  expect(await daemon.ok(['inspect', '-f', '{{.State.Status}}', 'cold'])).toBe('paused');
  await daemon.ok(['unpause', 'cold']);
  expect(await daemon.ok(['exec', 'cold', 'echo', 'awake'])).toBe('awake');
  await daemon.ok(['rm', '-f', 'cold']);
}, 60_000);
