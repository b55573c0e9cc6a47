import { expect, test } from 'bun:test';
import { makePlan } from '../../build/plan/make-plan.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { neededFiles } from './needed-files.ts';
import { stepPlace } from './step-place.ts';
import { createTree } from './tree.ts';

const entry = (path: string, more: Partial<TreeEntry> = {}): TreeEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  size: 1,
  link: '',
  hash: '',
  xattrs: '',
  sameAs: '',
  owner: '',
  mtime: 0,
  offset: 0,
  ...more,
});
const folder = (path: string): TreeEntry => entry(path, { type: 'directory' });
const link = (path: string, to: string): TreeEntry => entry(path, { type: 'symlink', link: to });

const ENTRIES = [folder('/'), folder('/src'), folder('/src/deep'), folder('/docs')].concat(
  ['/a.txt', '/b.txt', '/src/x', '/src/deep/y', '/docs/z'].map((path) => entry(path)),
);

async function planOf(dockerfile: string) {
  const platform = parsePlatform('linux/amd64', { os: 'linux', architecture: 'amd64' });
  const options = { target: '', buildArgs: {}, labels: {}, platforms: { build: platform, target: platform } };
  const none = async (): Promise<never> => {
    throw new Error('no images here');
  };
  return await makePlan(dockerfile, options, none, { signal: new AbortController().signal });
}

async function needed(dockerfile: string, entries: readonly TreeEntry[] = ENTRIES): Promise<readonly string[]> {
  return neededFiles(await planOf(`FROM scratch\n${dockerfile}`), createTree(entries), entries);
}

test('only what the steps name is needed', async () => {
  expect(await needed('ENV a=b')).toEqual([]);
  expect(await needed('COPY a.txt missing* /')).toEqual(['/a.txt']);
  expect(await needed('COPY src /')).toEqual(['/src/x', '/src/deep/y']);
  expect(await needed('COPY ./src/../src/de* /')).toEqual(['/src/deep/y']);
  expect(await needed('COPY *.txt docs/z /')).toHaveLength(5);
  expect(await needed('ADD http://host/a.txt /\nCOPY b*.txt /')).toEqual(['/b.txt']);
  expect(await needed('RUN --mount=target=/x,source=docs ls /x')).toEqual(['/docs/z']);
  expect(await needed('RUN --mount=target=/x ls /x')).toHaveLength(5);
});

test('links are followed to what is behind them, and with wildcards everything may be', async () => {
  const entries = [...ENTRIES, link('/to-src', 'src'), link('/docs/up', '../src/deep')];
  expect(await needed('COPY to-src/x /', entries)).toEqual(['/src/x']);
  expect(await needed('COPY docs/up /', entries)).toEqual(['/src/deep/y']);
  expect(await needed('COPY docs/u* /', entries)).toHaveLength(5);
  expect(await needed('COPY docs/z* /', entries)).toEqual(['/docs/z']);
});

test('of hard links the first name is asked for, once', async () => {
  const entries = [...ENTRIES, entry('/docs/again', { sameAs: '/a.txt' }), entry('/docs/more', { sameAs: '/a.txt' })];
  expect(await needed('COPY docs /', entries)).toEqual(['/docs/z', '/a.txt']);
});

test('steps are counted as BuildKit does: bases and what makes layers', async () => {
  const plan = await planOf('FROM scratch AS one\nENV a=b\nCOPY a.txt /\nWORKDIR /w\nFROM one\nCOPY --from=one / /\n');
  const places = plan.stages.map((stage) => [undefined, ...stage.steps].map((step) => stepPlace(plan, stage, step)));
  expect(
    places.map((list) => list.map((place) => place && [place.stage, place.index, place.total, place.lines?.start])),
  ).toEqual([
    [undefined, undefined, ['one', 1, 2, 3], ['one', 2, 2, 4]],
    [undefined, ['stage-1', 1, 1, 6]],
  ]);
});
