/** Caches that go from one data root to another: by a registry, by a folder, in the image. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheExport, CacheImport } from '../../../src/engine/build/request.ts';
import { type LocalRegistry, startRegistry } from '../../fixtures/registry.ts';
import { archiveOf, startEngine, type TestBuild, type TestEngine, writeFiles } from './in-process.ts';

let here: TestEngine;
let there: TestEngine;
let registry: LocalRegistry;

beforeAll(async () => {
  registry = await startRegistry();
  here = await startEngine('skc');
  there = await startEngine('skd');
}, 120_000);
afterAll(async () => {
  await here.stop();
  await there.stop();
  await registry[Symbol.asyncDispose]();
}, 120_000);

/** Two stages; the random numbers say whether steps ran again. `mark` makes it another build. */
function files(mark: string) {
  const dockerfile = `FROM busybox AS tool\nRUN echo ${mark} && head -c 16 /dev/urandom | md5sum > /t\nFROM busybox\nCOPY a /a\nRUN head -c 16 /dev/urandom | md5sum > /r\nCOPY --from=tool /t /t\n`;
  return { Dockerfile: dockerfile, a: `A ${mark}` };
}

const cachedSteps = ({ events }: TestBuild): number => events.filter(({ kind }) => kind === 'cached').length;
const ranSteps = ({ events }: TestBuild): number => events.filter(({ kind }) => kind === 'running').length;
const tasks = ({ events }: TestBuild) => events.flatMap((event) => (event.kind === 'task' ? [event.name] : []));
const failures = ({ events }: TestBuild) =>
  events.flatMap((event) => (event.kind === 'task-ended' && event.error ? [event.error] : []));

async function layersOf(engine: TestEngine, { result }: TestBuild): Promise<readonly string[]> {
  const manifest = JSON.parse((await engine.blob(result?.imageId ?? '')).toString()) as {
    layers: { digest: string }[];
  };
  return manifest.layers.map(({ digest }) => digest);
}

function toRegistry(name: string, mode: 'min' | 'max', imageManifest = true): CacheExport {
  return { kind: 'registry', reference: `${registry.host}/${name}`, mode, imageManifest, ignoreError: false };
}
const fromRegistry = (name: string): CacheImport => ({ kind: 'registry', reference: `${registry.host}/${name}` });

describe('by a registry', () => {
  test.each([true, false])(
    'all stages come back, as an image manifest: %p',
    async (imageManifest) => {
      const name = `cache${imageManifest ? 'm' : 'i'}`;
      const made = await here.build(files(name), { cacheTo: [toRegistry(`${name}:c`, 'max', imageManifest)] });
      expect([made.error, ranSteps(made)]).toEqual([undefined, 2]);
      const again = await there.build(files(name), { cacheFrom: [fromRegistry(`${name}:c`)] });
      expect([again.error, failures(again), ranSteps(again), cachedSteps(again)]).toEqual([undefined, [], 0, 4]);
      expect(await layersOf(there, again)).toEqual(await layersOf(here, made));
      expect(tasks(again)).toContain(`importing cache manifest from ${registry.host}/${name}:c`);
      // and are in the own cache from now on
      const own = await there.build(files(name));
      expect(ranSteps(own)).toBe(0);
    },
    60_000,
  );

  test('the short form has the target’s own layers only', async () => {
    const made = await here.build(files('min'), { cacheTo: [toRegistry('min:c', 'min')] });
    const answer = await fetch(`http://${registry.host}/v2/min/manifests/c`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    const manifest = (await answer.json()) as { config: { mediaType: string }; layers: { digest: string }[] };
    expect(manifest.config.mediaType).toBe('application/vnd.buildkit.cacheconfig.v0');
    expect(manifest.layers.map(({ digest }) => digest)).toEqual((await layersOf(here, made)).slice(-3));
    const again = await there.build(files('min'), { cacheFrom: [fromRegistry('min:c')] });
    expect(cachedSteps(again)).toBe(4); // the stage that is copied from is not looked at
  }, 60_000);

  test('a cache that is not there, or is none, is told of and does no harm', async () => {
    const none = await there.build(files('none'), { cacheFrom: [fromRegistry('nowhere:c')] });
    expect([none.error, failures(none).length, ranSteps(none)]).toEqual([undefined, 1, 2]);
  }, 60_000);

  test('layers that are not what the cache says are made anew', async () => {
    const name = 'forged';
    await here.build(files(name), { cacheTo: [toRegistry(`${name}:c`, 'max')] });
    const at = `http://${registry.host}/v2/${name}`;
    const accept = { headers: { accept: 'application/vnd.oci.image.manifest.v1+json' } };
    const manifest = (await (await fetch(`${at}/manifests/c`, accept)).json()) as {
      config: { digest: string; size: number };
    };
    const config = await (await fetch(`${at}/blobs/${manifest.config.digest}`)).text();
    const other = Buffer.from(config.replace(/"diffID":"sha256:\w{8}/g, '"diffID":"sha256:00000000'));
    const digest = await registry.putBlob(name, other);
    const changed = { ...manifest, config: { ...manifest.config, digest, size: other.length } };
    await registry.putManifest(name, 'c', 'application/vnd.oci.image.manifest.v1+json', changed);
    const built = await there.build(files(name), { cacheFrom: [fromRegistry(`${name}:c`)] });
    expect([built.error, ranSteps(built), cachedSteps(built)]).toEqual([undefined, 2, 0]);
    expect(built.events.some((event) => event.kind === 'warning')).toBe(true);
  }, 60_000);

  test('a registry that takes nothing fails the build, unless that is to be ignored', async () => {
    const to = { ...toRegistry('x:c', 'min'), reference: '127.0.0.1:1/x:c' } as CacheExport;
    const failed = await here.build(files('refused'), { cacheTo: [to] });
    expect(failed.error).toContain('127.0.0.1:1');
    const ignored = await here.build(files('refused'), { cacheTo: [{ ...to, ignoreError: true } as CacheExport] });
    expect(ignored.error).toBeUndefined();
  }, 60_000);
});

test('by a folder of the client', async () => {
  const to: CacheExport = { kind: 'local', mode: 'max', tag: 'mine', imageManifest: true, ignoreError: false };
  const made = await here.build(files('folder'), { cacheTo: [to] });
  const archive = made.caches.get(0) ?? Buffer.alloc(0);
  const listed = Bun.spawnSync(['tar', '-x', '-O', 'index.json'], { stdin: archive }).stdout.toString();
  expect(JSON.parse(listed)).toMatchObject({
    manifests: [{ annotations: { 'org.opencontainers.image.ref.name': 'mine' } }],
  });
  const from = (tag: string): CacheImport => ({ kind: 'local', tag, digest: '', open: async () => once(archive) });
  const wrong = await there.build(files('folder'), { cacheFrom: [from('other')] });
  expect([wrong.error, failures(wrong).length, ranSteps(wrong)]).toEqual([undefined, 1, 2]);
  const fresh = await startEngine('ske');
  try {
    const again = await fresh.build(files('folder'), { cacheFrom: [from('mine')] });
    expect([failures(again), ranSteps(again), cachedSteps(again)]).toEqual([[], 0, 4]);
    expect(await layersOf(fresh, again)).toEqual(await layersOf(here, made));
  } finally {
    await fresh.stop();
  }
}, 120_000);

test('in the image itself, pushed and named as a cache', async () => {
  const outputs = [{ kind: 'image', names: [`${registry.host}/inline:1`], push: true } as const];
  const made = await here.build(files('inline'), { outputs, cacheTo: [{ kind: 'inline' }] });
  expect([made.error, tasks(made)]).toEqual([
    undefined,
    [
      '[internal] load metadata for docker.io/library/busybox:latest',
      'exporting to image',
      `pushing ${registry.host}/inline:1`,
    ],
  ]);
  const pushed = await fetch(`http://${registry.host}/v2/inline/manifests/1`, {
    method: 'HEAD',
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  expect(pushed.headers.get('docker-content-digest')).toBe(made.result?.imageId ?? '');
  const again = await there.build(files('inline'), { cacheFrom: [fromRegistry('inline:1')] });
  expect([again.error, failures(again), ranSteps(again), cachedSteps(again)]).toEqual([undefined, [], 0, 4]);
  expect(await layersOf(there, again)).toEqual(await layersOf(here, made));
}, 60_000);

test('classic clients name such an image too', async () => {
  const outputs = [{ kind: 'image', names: [`${registry.host}/classic:1`], push: true } as const];
  await here.build(files('classic'), { outputs, cacheTo: [{ kind: 'inline' }] });
  const folder = mkdtempSync(join(there.root, 'k-'));
  writeFiles(folder, files('classic'));
  const pieces: Uint8Array[] = [];
  for await (const piece of archiveOf(folder)) pieces.push(piece);
  const names = encodeURIComponent(JSON.stringify([`${registry.host}/nowhere:1`, `${registry.host}/classic:1`]));
  const answer = await fetch(`http://localhost/v1.51/build?cachefrom=${names}`, {
    method: 'POST',
    body: Buffer.concat(pieces),
    unix: join(there.root, 's'),
  });
  const text = await answer.text();
  expect(text).toContain('Successfully built');
  expect([text.match(/Using cache/g)?.length, text.includes('Running in'), text.includes('Warning')]).toEqual([
    4,
    false,
    false,
  ]);
}, 60_000);

test('what is not to be taken from a cache is not taken from elsewhere either', async () => {
  await here.build(files('nocache'), { cacheTo: [toRegistry('nocache:c', 'max')] });
  const built = await there.build(files('nocache'), { cacheFrom: [fromRegistry('nocache:c')], noCache: 'all' });
  expect([ranSteps(built), cachedSteps(built)]).toEqual([2, 0]);
}, 60_000);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
