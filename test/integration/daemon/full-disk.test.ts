import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { imageArchive, startDaemon } from '../../helpers/daemon.ts';

function must(argv: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
}

test('on a full disk what ends has ended, and what frees space works', async () => {
  await using daemon = await startDaemon({ images: [] });
  const data = join(daemon.root, 'd');
  await daemon.kill9();
  must(['mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', data]);
  try {
    await daemon.restart();
    await daemon.ok(['load', '-q', '-i', imageArchive('busybox')]);
    await daemon.ok(['run', '-d', '--name', 'waits', 'busybox', 'sleep', '1000']);
    const fill = await daemon.docker([
      'run',
      '--name',
      'big',
      'busybox',
      'sh',
      '-c',
      'dd if=/dev/zero of=/x bs=1M count=40; exit 3',
    ]);
    expect(fill.exitCode).toBe(3);
    expect(await daemon.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'big'])).toBe('exited 3');
    await daemon.ok(['kill', 'waits']);
    expect(await daemon.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'waits'])).toBe('exited 137');
    await daemon.ok(['rm', 'big', 'waits']);
    expect(await daemon.ok(['run', '--rm', 'busybox', 'echo', 'space again'])).toBe('space again');
  } finally {
    await daemon.kill9();
    must(['umount', '-l', data]);
    await daemon.restart();
  }
}, 120_000);
