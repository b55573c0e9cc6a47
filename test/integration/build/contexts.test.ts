/** Contexts besides the main one: folders, images, layouts, archives behind URLs; in place of stages and images of their names. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedContext } from '../../../src/engine/build/request.ts';
import { archiveOf, type Files, startEngine, type TestBuild, type TestEngine, writeFiles } from './in-process.ts';

let box: TestEngine;

beforeAll(async () => {
  box = await startEngine('skn');
}, 120_000);
afterAll(async () => await box.stop(), 120_000);

/** A folder of the client, and how often it was asked for. */
function folder(name: string, files: Files): NamedContext & { readonly asked: () => number } {
  const path = mkdtempSync(join(box.root, 'n-'));
  writeFiles(path, files);
  let asked = 0;
  const open = async () => {
    asked++;
    return archiveOf(path);
  };
  return { name, platform: undefined, source: { kind: 'tar', open }, asked: () => asked };
}

/** The texts of files in what a build gives. */
async function filesOf(
  dockerfile: string,
  contexts: readonly NamedContext[],
  more = {},
): Promise<TestBuild & { text: (path: string) => string }> {
  const built = await box.build(
    { Dockerfile: dockerfile },
    { contexts, outputs: [{ kind: 'tar', platformSplit: undefined }], ...more },
  );
  const text = (path: string): string =>
    Bun.spawnSync(['tar', '-x', '-O', path], { stdin: built.received.get(0) ?? Buffer.alloc(0) }).stdout.toString();
  return { ...built, text };
}

test('a folder is a source for COPY and mounts, and is asked for once and only when it is needed', async () => {
  const used = folder('lib', { 'x/a': 'A', b: 'B' });
  const unused = folder('other', { a: '' });
  const dockerfile =
    'FROM busybox AS r\nRUN --mount=from=lib,target=/m cat /m/x/a > /ran\nFROM scratch\nCOPY --from=lib x b /c/\nCOPY --from=r /ran /ran\n';
  const first = await filesOf(dockerfile, [used, unused]);
  expect([first.error, first.text('c/a'), first.text('c/b'), first.text('ran')]).toEqual([undefined, 'A', 'B', 'A']);
  expect([used.asked(), unused.asked()]).toEqual([1, 0]);
  const same = await filesOf(dockerfile, [folder('lib', { 'x/a': 'A', b: 'B' })]);
  expect(same.events.filter(({ kind }) => kind === 'cached')).toHaveLength(3);
  const changed = await filesOf(dockerfile, [folder('lib', { 'x/a': 'Z', b: 'B' })]);
  expect([changed.text('c/a'), changed.text('ran')]).toEqual(['Z', 'Z']);
}, 60_000);

test('takes the place of a stage, whose own steps are not done, and of what that stands on', async () => {
  const dockerfile =
    'FROM nothing.invalid/never AS below\nFROM below AS Base\nRUN exit 1\nONBUILD RUN exit 1\nFROM base\nCOPY Dockerfile /d\n';
  const { error, text, result } = await filesOf(dockerfile, [folder('base', { f: 'from a folder' })], {
    outputs: [
      { kind: 'tar', platformSplit: undefined },
      { kind: 'image', names: ['based:1'], push: false },
    ],
  });
  expect([error, text('f')]).toEqual([undefined, 'from a folder']);
  const history = await box.get<{ CreatedBy: string; Comment: string }[]>('/images/based:1/history');
  expect(history.map(({ CreatedBy }) => CreatedBy)).toEqual(['COPY Dockerfile /d # buildkit', 'context below']);
  expect(result?.imageId).toBeDefined();
}, 60_000);

test('takes the place of an image, by its familiar name, with or without the tag latest; an image may be another image', async () => {
  const dockerfile =
    'FROM docker.io/library/some:latest\nFROM scratch\nCOPY --from=some:2 /f /two\nCOPY --from=docker.io/library/some /f /one\n';
  const { error, text } = await filesOf(dockerfile, [folder('some', { f: '1' }), folder('some:2', { f: '2' })]);
  expect([error, text('one'), text('two')]).toEqual([undefined, '1', '2']);
  const image: NamedContext = {
    name: 'nowhere.invalid/app:1',
    platform: undefined,
    source: { kind: 'image', reference: 'busybox' },
  };
  const other = await filesOf('FROM nowhere.invalid/app:1\nRUN echo ran > /r\n', [image]);
  expect([other.error, other.text('r')]).toEqual([undefined, 'ran\n']);
}, 60_000);

test('one for a platform is taken for that platform only', async () => {
  const platforms = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }));
  const arm = { ...folder('src', { f: 'arm' }), platform: { os: 'linux', architecture: 'arm64' } };
  const { error, text } = await filesOf('FROM scratch\nCOPY --from=src /f /f\n', [folder('src', { f: 'any' }), arm], {
    platforms,
  });
  expect([error, text('linux_amd64/f'), text('linux_arm64/f')]).toEqual([undefined, 'any', 'arm']);
}, 60_000);

test('an OCI layout is an image with its config, by tag or digest', async () => {
  const made = await box.build(
    { Dockerfile: 'FROM busybox\nENV FROM_LAYOUT=yes\nRUN echo laid > /l\n' },
    { outputs: [{ kind: 'oci', names: ['layout:v1'] }] },
  );
  const archive = made.received.get(0) ?? Buffer.alloc(0);
  const layout = (tag: string, digest: string): NamedContext => ({
    name: 'laid',
    platform: undefined,
    source: { kind: 'oci-layout', tag, digest, open: async () => once(archive) },
  });
  const dockerfile = 'FROM laid\nRUN echo $FROM_LAYOUT > /y\n';
  const byTag = await filesOf(dockerfile, [layout('v1', '')]);
  expect([byTag.error, byTag.text('y'), byTag.text('l')]).toEqual([undefined, 'yes\n', 'laid\n']);
  const digest = String(made.result?.metadata['containerimage.digest']);
  const byDigest = await filesOf('FROM scratch\nCOPY --from=laid /l /\n', [layout('', digest)]);
  expect([byDigest.error, byDigest.text('l')]).toEqual([undefined, 'laid\n']);
  expect((await filesOf(dockerfile, [layout('v2', '')])).error).toContain('invalid OCI layout: there is no v2 in it');
}, 60_000);

test('an archive behind a URL is a context, anything else is refused', async () => {
  const path = join(box.root, 'served');
  mkdirSync(path);
  writeFiles(path, { f: 'served' });
  const pieces: Uint8Array[] = [];
  for await (const piece of archiveOf(path)) pieces.push(piece);
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) => new Response(url.endsWith('.tar') ? Buffer.concat(pieces) : 'no archive'),
  });
  const at = (file: string): NamedContext => ({
    name: 'far',
    platform: undefined,
    source: { kind: 'remote', url: `http://127.0.0.1:${server.port}/${file}` },
  });
  const dockerfile = 'FROM scratch\nCOPY --from=far f /\n';
  const good = await filesOf(dockerfile, [at('c.tar')]);
  expect([good.error, good.text('f')]).toEqual([undefined, 'served']);
  expect((await filesOf(dockerfile, [at('c.txt')])).error).toContain('context far: what');
  await server.stop(true);
}, 60_000);

test('a name that cannot be one is refused', async () => {
  const { error } = await filesOf('FROM scratch\nCOPY Dockerfile /\n', [folder('No Name', {})]);
  expect(error).toContain('invalid context name No Name');
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
