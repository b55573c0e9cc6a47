import { afterAll, beforeAll, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type CuttingProxy, startCuttingProxy } from '../../fixtures/cutting-proxy.ts';
import { putImage } from '../../fixtures/image-engine.ts';
import { smallImage } from '../../fixtures/images.ts';
import { type LocalRegistry, startRegistry } from '../../fixtures/registry.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { findDockerCli } from '../../helpers/docker-cli.ts';

const MIB = 1 << 20;
let daemon: TestDaemon;
let registry: LocalRegistry;
let proxy: CuttingProxy;
beforeAll(async () => {
  [daemon, registry] = await Promise.all([startDaemon({ images: [] }), startRegistry()]);
  proxy = await startCuttingProxy(registry.host);
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  await proxy[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
}, 60_000);

/** An image with one layer of about 8 MiB that does not compress; its name by the proxy and the layer's size. */
async function bigImage(name: string): Promise<{ readonly reference: string; readonly sizeBytes: number }> {
  const image = smallImage({ text: randomBytes(6 * MIB).toString('latin1') });
  await putImage(registry, name, '1', image);
  return { reference: `${proxy.host}/${name}:1`, sizeBytes: image.layers[0]?.gzip.byteLength ?? 0 };
}

/** The layer's downloads, oldest first. */
function downloads(name: string, sizeBytes: number): { readonly offset: number; readonly bytes: number }[] {
  return proxy.passed
    .filter(({ path, offset, bytes }) => path.startsWith(`/v2/${name}/`) && offset + bytes > Math.min(MIB, sizeBytes))
    .map(({ offset, bytes }) => ({ offset, bytes }));
}

/** Bytes of beginnings in the daemon's store. */
function partialBytes(): number {
  const folder = join(daemon.root, 'd/content/partial');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

async function until(what: string, check: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await Bun.sleep(10)) if (check()) return;
  throw new Error(`never: ${what}\n${JSON.stringify(proxy.passed)}\n${daemon.log()}`);
}

function startPull(reference: string): Bun.Subprocess {
  return Bun.spawn([findDockerCli().path, 'pull', '-q', reference], {
    env: { DOCKER_HOST: daemon.host, HOME: daemon.root, PATH: process.env.PATH },
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  });
}

test('after cuts only the missing bytes are fetched', async () => {
  const { reference, sizeBytes } = await bigImage('cut');
  proxy.stallNext(2 * MIB, MIB, 3 * MIB);
  const child = startPull(reference);
  for (const mebibytes of [2, 3, 6]) {
    await until(`${mebibytes} MiB`, () => partialBytes() === mebibytes * MIB);
    proxy.cut();
  }
  expect(await child.exited).toBe(0);
  const seen = downloads('cut', sizeBytes);
  expect(seen.length).toBe(4);
  expect(seen.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(sizeBytes);
  expect(partialBytes()).toBe(0);
}, 60_000);

test('a cancelled pull is gone on with by the next one', async () => {
  const { reference, sizeBytes } = await bigImage('cancelled');
  proxy.stallNext(3 * MIB);
  const child = startPull(reference);
  await until('3 MiB', () => partialBytes() === 3 * MIB);
  child.kill('SIGINT');
  await child.exited;
  expect(partialBytes()).toBe(3 * MIB);
  await daemon.ok(['pull', '-q', reference]);
  expect(downloads('cancelled', sizeBytes)).toEqual([
    { offset: 0, bytes: 3 * MIB },
    { offset: 3 * MIB, bytes: sizeBytes - 3 * MIB },
  ]);
}, 60_000);

test('a pull that a SIGKILL of the daemon ended is gone on with by the next daemon', async () => {
  const { reference, sizeBytes } = await bigImage('killed');
  proxy.stallNext(4 * MIB);
  const child = startPull(reference);
  await until('4 MiB', () => partialBytes() === 4 * MIB);
  await daemon.kill9();
  await child.exited;
  await daemon.restart();
  await daemon.ok(['pull', '-q', reference]);
  expect(downloads('killed', sizeBytes)).toEqual([
    { offset: 0, bytes: 4 * MIB },
    { offset: 4 * MIB, bytes: sizeBytes - 4 * MIB },
  ]);
  expect(partialBytes()).toBe(0);
}, 60_000);
