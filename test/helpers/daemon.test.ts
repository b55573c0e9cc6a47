import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { startDaemon } from './daemon.ts';
import { leftovers } from './leftovers.ts';

test('a test daemon runs a container, survives a crash and leaves nothing', async () => {
  const daemon = await startDaemon();
  expect(await daemon.ok(['run', '--rm', 'busybox', 'echo', 'hello'])).toBe('hello');
  const id = await daemon.ok(['run', '-d', '--name', 'stays', 'busybox', 'sleep', '1000']);
  const before = daemon.pid;
  await daemon.kill9();
  expect((await daemon.docker(['ps'])).exitCode).toBe(1);
  await daemon.restart();
  expect(daemon.pid).not.toBe(before);
  expect(await daemon.ok(['ps', '-aq', '--no-trunc'])).toBe(id);
  expect(daemon.log()).toContain('Daemon has completed initialization');
  await daemon.stop();
  expect(existsSync(daemon.root)).toBe(false);
});

test('what a daemon has is told while it is there', async () => {
  await using daemon = await startDaemon();
  await daemon.ok(['run', '-d', 'busybox', 'sleep', '1000']);
  const cgroupParent = daemon.root.replace('/tmp/', '/');
  const found = leftovers({ root: daemon.root, bridge: daemon.bridge, links: [], cgroupParent });
  for (const kind of ['mount', 'link', 'nft', 'process', 'cgroup'])
    expect(found.map((line) => line.split(' ')[0])).toContain(kind);
});
