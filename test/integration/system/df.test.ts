import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { DataRootAccount, SystemDataUsage } from '../../../src/api/types/system.ts';
import { putImage } from '../../fixtures/image-engine.ts';
import { smallImage } from '../../fixtures/images.ts';
import { type LocalRegistry, startRegistry } from '../../fixtures/registry.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';

const CLIENT = resolve(import.meta.dirname, '../../../bin/docker');
let daemon: TestDaemon;
let registry: LocalRegistry;
beforeAll(async () => {
  [daemon, registry] = await Promise.all([startDaemon(), startRegistry()]);
}, 60_000);
afterAll(async () => {
  await daemon.stop();
  await registry[Symbol.asyncDispose]();
}, 60_000);

function du(...options: readonly string[]): number {
  const { stdout } = Bun.spawnSync(['du', '-s', '-B1', ...options, join(daemon.root, 'd')]);
  return Number(stdout.toString().split('\t')[0]);
}

async function usage(query = ''): Promise<SystemDataUsage> {
  const answer = await fetch(`http://d/v1.51/system/df${query}`, { unix: daemon.socket });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as SystemDataUsage;
}

/** An account and what du says at the same time: again while something is still being written. */
async function stableAccount(): Promise<{ account: DataRootAccount; apparent: number; disk: number }> {
  for (let attempt = 0; ; attempt++) {
    const before = [du('--apparent-size'), du()];
    const { DataRoot: account } = await usage('?explain=1&type=build-cache');
    const [apparent, disk] = [du('--apparent-size'), du()];
    if (!account) throw new Error('no account');
    if (attempt === 20 || (before[0] === apparent && before[1] === disk)) return { account, apparent, disk };
  }
}

function sumOf(account: DataRootAccount, what: 'ApparentBytes' | 'DiskBytes' | 'FileBytes', shownAs?: string): number {
  return account.Parts.filter(({ ShownAs }) => shownAs === undefined || ShownAs === shownAs).reduce(
    (sum, part) => sum + part[what],
    0,
  );
}

async function ours(...args: readonly string[]): Promise<string> {
  const child = Bun.spawn([CLIENT, ...args], {
    env: { DOCKER_HOST: daemon.host, HOME: daemon.root, PATH: process.env['PATH'] ?? '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(err);
  return out;
}

/** Ages change between two calls, and the width of their columns with them. */
function ageless(text: string): string {
  return text.replaceAll(/(?:Less than a|\d+) seconds?/g, 'AGE').replaceAll(/ +/g, ' ');
}

async function populate(): Promise<void> {
  await putImage(registry, 'small', '1', smallImage({ text: 'x'.repeat(50_000), layers: 3 }));
  await daemon.ok(['pull', '-q', `${registry.host}/small:1`]);
  const context = join(daemon.root, 'context');
  mkdirSync(context);
  writeFileSync(
    join(context, 'Dockerfile'),
    'FROM busybox\nRUN echo hello > /one && ln /one /two && truncate -s 5M /sparse\nCOPY data /data\n',
  );
  writeFileSync(join(context, 'data'), 'd'.repeat(30_000));
  await daemon.ok(['build', '-q', '-t', 'made:1', context], { env: { DOCKER_BUILDKIT: '0' } });
  await daemon.ok(['volume', 'create', 'data']);
  const script =
    'dd if=/dev/zero of=/written bs=1k count=300 && ln /written /again && dd if=/dev/zero of=/v/file bs=1k count=200 && ' +
    'ln /v/file /v/same && truncate -s 3M /v/sparse && seq 2000 && echo ready && exec sleep 1000';
  await daemon.ok([
    'run',
    '-d',
    '--name',
    'writer',
    '-v',
    'data:/v',
    '--network',
    'none',
    'made:1',
    'sh',
    '-c',
    script,
  ]);
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await Bun.sleep(20))
    if ((await daemon.ok(['logs', 'writer'])).includes('ready')) return;
  throw new Error('the container never got ready');
}

test('docker system df comes to what du says, with a part for every byte', async () => {
  await populate();
  const { account, apparent, disk } = await stableAccount();
  expect([sumOf(account, 'ApparentBytes'), sumOf(account, 'DiskBytes')]).toEqual([apparent, disk]);
  expect(account.Du).toEqual({ ApparentBytes: apparent, DiskBytes: disk });
  const part = (name: string): number => account.Parts.find(({ Part }) => Part === name)?.FileBytes ?? -1;
  expect(part('Belongs to nothing')).toBe(0);
  expect(part('Blobs and layers of no image')).toBe(0);
  expect(part('Container logs')).toBeGreaterThan(2000);
  const { LayersSize, Containers, Volumes } = await usage();
  expect(Containers?.map(({ SizeRw }) => SizeRw)).toEqual([sumOf(account, 'FileBytes', 'Containers')]);
  expect(Containers?.[0]?.SizeRw).toBe(300 * 1024);
  expect(Volumes?.map(({ UsageData }) => UsageData)).toEqual([{ Size: 200 * 1024 + 3 * 1024 * 1024, RefCount: 1 }]);
  expect(sumOf(account, 'FileBytes', 'Local Volumes')).toBe(Volumes?.[0]?.UsageData?.Size ?? -1);
  expect(LayersSize).toBe(sumOf(account, 'FileBytes', 'Images'));
}, 120_000);

test('the parts of shared images add up: what is shared, and what each has alone', async () => {
  const { Images, LayersSize } = await usage('?type=image');
  const named = (name: string) => Images?.find(({ RepoTags }) => RepoTags?.includes(name));
  const [base, made, small] = [named('busybox:latest'), named('made:1'), named(`${registry.host}/small:1`)];
  expect(base?.SharedSize).toBeGreaterThan(0);
  expect(made?.SharedSize).toBe(base?.SharedSize);
  expect(small?.SharedSize).toBe(0);
  const own = [base, made, small].reduce((sum, image) => sum + (image?.Size ?? 0) - (image?.SharedSize ?? 0), 0);
  expect(own + (base?.SharedSize ?? 0)).toBe(LayersSize);
  expect(made?.Containers).toBe(1);
});

test('type chooses what is measured, and an unknown one is refused', async () => {
  const two = await usage('?type=volume&type=build-cache');
  expect([two.Images, two.Containers, two.Volumes?.length, two.LayersSize]).toEqual([null, null, 1, 0]);
  expect(two.BuildCache).toHaveLength(2);
  expect(two.BuildCache?.[1]).toMatchObject({
    Type: 'regular',
    Shared: true,
    InUse: false,
    Description: 'COPY data /data',
  });
  const answer = await fetch('http://d/v1.51/system/df?type=network', { unix: daemon.socket });
  expect([answer.status, await answer.json()]).toEqual([400, { message: 'unknown object type: network' }]);
});

test('both clients tell the same of this daemon', async () => {
  for (const args of [
    ['system', 'df'],
    ['system', 'df', '--format', 'json'],
    ['system', 'df', '-v'],
    ['system', 'df', '-v', '--format', 'json'],
  ]) {
    expect(ageless(await ours(...args))).toBe(ageless((await daemon.docker(args)).stdout));
  }
  const explained = await ours('system', 'df', '--explain', '-v');
  expect(explained).toMatch(/^du -s +\d+ +\d+ +0$/m);
  expect(explained).toContain('volumes/data');
  await expect(ours('system', 'df', '--explain', '--format', '{{.}}')).rejects.toThrow('--explain is told as a table');
});

test('system prune takes what nothing uses, and when all is removed the data root holds fixed files only', async () => {
  const args = ['system', 'prune', '-af', '--volumes'];
  await daemon.ok(['rm', '-f', 'writer']);
  const out = await daemon.ok(args);
  expect(out).toContain('untagged: made:1');
  expect(out).toContain('Deleted build cache objects:');
  expect(await ours(...args)).toBe('Total reclaimed space: 0B\n');
  await daemon.ok(['volume', 'prune', '-af']);
  const { account } = await stableAccount();
  const rest = account.Parts.filter(({ Files, Folders }) => Files + Folders > 0).map(({ Part }) => Part);
  expect(rest).toEqual(['Database', 'Folders and fixed files']);
});
