import { afterAll, beforeAll, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { putImage } from '../../fixtures/image-engine.ts';
import { dockerArchive, smallImage, tarOf } from '../../fixtures/images.ts';
import { type LocalRegistry, startRegistry } from '../../fixtures/registry.ts';
import { imageArchive, startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import type { CommandResult } from '../../helpers/docker-cli.ts';
import { storeLeftovers } from '../../images/hostile/look.ts';

const MIB = 1 << 20;
let daemon: TestDaemon;
let registry: LocalRegistry;
let data = '';
let work = '';

function must(argv: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync([...argv]);
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr.toString()}`);
}

// The data root is a disk of 32 MiB with busybox on it; what is worked with is larger than what is left.
beforeAll(async () => {
  [daemon, registry] = await Promise.all([startDaemon({ images: [] }), startRegistry()]);
  data = join(daemon.root, 'd');
  work = mkdtempSync('/tmp/skt-full-');
  await daemon.kill9();
  must(['mount', '-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', data]);
  await daemon.restart();
  await daemon.ok(['load', '-q', '-i', imageArchive('busybox')]);
}, 60_000);
afterAll(async () => {
  await daemon.kill9();
  must(['umount', '-l', data]);
  await daemon.stop();
  await registry[Symbol.asyncDispose]();
  rmSync(work, { recursive: true, force: true });
}, 60_000);

const text = (bytes: number): string => randomBytes(bytes).toString('latin1');
/** About 3 MiB of layers that do not compress; twice as much when unpacked. */
const image = smallImage({ text: text(3 * MIB), layers: 1 });

/** The command fails for want of space, leaves nothing, and works when there is space again. */
async function failsThenWorks(argv: readonly string[], undo: readonly string[]): Promise<void> {
  const before = storeLeftovers(data);
  const room = fill();
  try {
    const failed: CommandResult = await daemon.docker(argv);
    expect(failed.exitCode).not.toBe(0);
    expect(`${failed.stdout}${failed.stderr}`).toMatch(/no space left on device/i);
    expect(storeLeftovers(data)).toEqual(before);
    expect(await daemon.ok(['images', '-q', 'busybox'])).not.toBe('');
  } finally {
    rmSync(room);
  }
  await daemon.ok(argv);
  await daemon.ok(undo);
  expect(storeLeftovers(data)).toEqual(before);
}

/** Takes all of the disk but about 2 MiB. */
function fill(): string {
  const path = join(data, 'fill');
  const free = Number(Bun.spawnSync(['stat', '-f', '-c', '%f', data]).stdout.toString()) * 4096;
  writeFileSync(path, Buffer.alloc(Math.max(0, free - 2 * MIB)));
  return path;
}

test('pull', async () => {
  await putImage(registry, 'full/pull', '1', image);
  const name = `${registry.host}/full/pull:1`;
  await failsThenWorks(['pull', '-q', name], ['rmi', name]);
}, 60_000);

test('pull of a small blob that unpacks to more than there is room for', async () => {
  const bomb = smallImage({ text: 'x'.repeat(8 * MIB), layers: 1 });
  await putImage(registry, 'full/bomb', '1', bomb);
  const name = `${registry.host}/full/bomb:1`;
  await failsThenWorks(['pull', '-q', name], ['rmi', name]);
}, 60_000);

test('load', async () => {
  writeFileSync(join(work, 'image.tar'), dockerArchive(image, ['full:load']));
  await failsThenWorks(['load', '-q', '-i', join(work, 'image.tar')], ['rmi', 'full:load']);
}, 60_000);

test('import', async () => {
  writeFileSync(join(work, 'files.tar'), tarOf({ big: text(3 * MIB) }));
  await failsThenWorks(['import', join(work, 'files.tar'), 'full:import'], ['rmi', 'full:import']);
}, 60_000);

test('build', async () => {
  const context = join(work, 'context');
  mkdirSync(context);
  writeFileSync(join(context, 'Dockerfile'), 'FROM busybox\nCOPY big /big\n');
  writeFileSync(join(context, 'big'), text(3 * MIB));
  const { stderr, stdout, exitCode } = await (async () => {
    const before = storeLeftovers(data);
    const room = fill();
    try {
      const failed = await daemon.docker(['build', '-q', '-t', 'full:build', context], {
        env: { DOCKER_BUILDKIT: '0' },
      });
      expect(storeLeftovers(data)).toEqual(before);
      return failed;
    } finally {
      rmSync(room);
    }
  })();
  expect(exitCode).not.toBe(0);
  expect(`${stdout}${stderr}`).toMatch(/no space left on device/i);
  await daemon.ok(['build', '-q', '-t', 'full:build', context], { env: { DOCKER_BUILDKIT: '0' } });
  expect(await daemon.ok(['run', '--rm', 'full:build', 'wc', '-c', '/big'])).toContain(
    String(readFileSync(join(context, 'big')).length),
  );
}, 60_000);

test('push and save need no space in the data root', async () => {
  await daemon.ok(['tag', 'busybox', `${registry.host}/full/push:1`]);
  const room = fill();
  await daemon.ok(['push', '-q', `${registry.host}/full/push:1`]);
  await daemon.ok(['save', '-o', join(work, 'saved.tar'), 'busybox']);
  rmSync(room);
  await daemon.ok(['rmi', `${registry.host}/full/push:1`]);
}, 60_000);
