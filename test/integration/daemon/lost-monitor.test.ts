import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

async function until(what: string, check: () => Promise<boolean> | boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    if (await check()) return;
    await Bun.sleep(20);
  }
  throw new Error(`never: ${what}\n${daemon.log()}`);
}

/** The monitor of a container: the process that was started with its id, and is not its runtime. */
function monitorOf(id: string): number {
  const found = readdirSync('/proc').find((pid) => {
    if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/cmdline`)) return false;
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return line.includes('skiff-monitor') && line.includes(id);
  });
  if (!found) throw new Error(`no monitor of ${id}`);
  return Number(found);
}

const alive = (pid: string): boolean => existsSync(`/proc/${pid}/exe`);

async function startAndLose(
  name: string,
  more: readonly string[] = [],
): Promise<{ readonly id: string; readonly pid: string }> {
  const id = await daemon.ok(['run', '-d', '--name', name, ...more, 'busybox', 'sleep', '1000']);
  const pid = await daemon.ok(['inspect', '-f', '{{.State.Pid}}', name]);
  process.kill(monitorOf(id), 'SIGKILL');
  return { id, pid };
}

test('a container whose monitor is killed ends, leaves nothing, and can be started again', async () => {
  const { id, pid } = await startAndLose('lost');
  await until('the end', async () => (await daemon.ok(['inspect', '-f', '{{.State.Status}}', 'lost'])) === 'exited');
  expect(await daemon.ok(['inspect', '-f', '{{.State.ExitCode}}', 'lost'])).toBe('137');
  expect(alive(pid)).toBe(false);
  expect(existsSync(join(daemon.root, 'e/crun', id))).toBe(false);
  await daemon.ok(['start', 'lost']);
  expect(await daemon.ok(['exec', 'lost', 'echo', 'back'])).toBe('back');
  await daemon.ok(['rm', '-f', 'lost']);
}, 60_000);

test('its restart policy brings it back', async () => {
  await startAndLose('again', ['--restart', 'always']);
  await until(
    'the restart',
    async () => (await daemon.ok(['inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'again'])) === '1 running',
  );
  await daemon.ok(['rm', '-f', 'again']);
}, 60_000);

test('when daemon and monitor are killed together, the next daemon ends the process', async () => {
  const { id, pid } = await startAndLose('both');
  await daemon.kill9();
  await daemon.restart();
  expect(await daemon.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'both'])).toBe('exited 137');
  expect(alive(pid)).toBe(false);
  expect(existsSync(join(daemon.root, 'e/crun', id))).toBe(false);
  await daemon.ok(['rm', 'both']);
}, 60_000);
