/**
 * Dockerfiles of the kinds that are in use, by ours and by Debian's dockerd, with its classic builder and its BuildKit: what the images say and
 * every file of them equal. What those are too old for is held against what is written in the folder.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageArchive, startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { type DebianDaemon, startDebianDaemon } from './debian-daemon.ts';
import { buildkitCli, classicCli, docker, ourCli, type Place, savedImage } from './showcase/builders.ts';
import { EVERYWHERE, type Reference, SHOWCASES, type Showcase } from './showcase/cases.ts';
import { differences, factsOf } from './showcase/facts.ts';
import { forReference, wholeEntry } from './showcase/history.ts';
import { addedTo, type ImageContent, type LayerMemory } from './showcase/image-content.ts';
import { FIXTURES, prepareContext, type Sources, serveSources } from './showcase/sources.ts';

const root = mkdtempSync('/tmp/skb-');
const memory: LayerMemory = new Map();
let daemons: readonly [TestDaemon, DebianDaemon];
let sources: Sources;
let [ours, theirs]: Place[] = [];

beforeAll(async () => {
  for (const name of ['ours', 'theirs']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'token'), 's3cret');
  const debian = Bun.spawn(['bash', join(import.meta.dirname, 'showcase/debian-base.sh'), join(root, 'debian.tar')]);
  daemons = await Promise.all([startDaemon(), startDebianDaemon()]);
  sources = await serveSources(root);
  expect(await debian.exited).toBe(0);
  const env = { SSH_AUTH_SOCK: sources.agent, CONF: 'a = 1' };
  ours = { host: daemons[0].host, config: join(root, 'ours'), env };
  theirs = { host: daemons[1].host, config: join(root, 'theirs'), env };
  const change = ['-c', 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', '-c', 'CMD ["bash"]'];
  for (const place of [ours, theirs]) {
    await docker(place, ['load', '-q', '-i', imageArchive('nginx')]);
    await docker(place, ['import', ...change, join(root, 'debian.tar'), 'debian']);
  }
}, 120_000);
afterAll(async () => {
  await sources[Symbol.asyncDispose]();
  await Promise.all([daemons[0].stop(), daemons[1][Symbol.asyncDispose]()]);
  rmSync(root, { recursive: true });
}, 120_000);

function argumentsOf({ flags = [] }: Showcase, folder: string): readonly string[] {
  const text = readFileSync(join(folder, 'Dockerfile'), 'utf8');
  const given = Object.entries({ MIRROR: sources.web, GIT: sources.git }).filter(([name]) =>
    text.includes(`ARG ${name}\n`),
  );
  return [
    ...given.flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...flags.map((flag) => flag.replace('CONTEXT', folder).replace('TOKEN', join(root, 'token'))),
  ];
}

/** By every client of ours that can; they must agree. */
async function builtByUs(showcase: Showcase, folder: string): Promise<ImageContent> {
  const tag = `show-${showcase.name}`;
  const flags = argumentsOf(showcase, folder);
  const classic = showcase.session ? undefined : await classicCli(must(ours)).build(folder, tag, flags);
  const withUs = await ourCli(must(ours)).build(
    folder,
    tag,
    showcase.flags?.includes('host') ? [...flags, '--allow', 'network.host'] : flags,
  );
  if (classic !== undefined) expect(withUs).toBe(classic);
  return await savedImage(must(ours), tag, memory);
}

async function builtBy(reference: Reference, showcase: Showcase, folder: string): Promise<ImageContent> {
  const tag = `${reference}-${showcase.name}`;
  const client = reference === 'classic' ? classicCli : buildkitCli;
  await client(must(theirs)).build(folder, tag, argumentsOf(showcase, folder));
  return await savedImage(must(theirs), tag, memory);
}

for (const showcase of SHOWCASES) {
  const { name, by, differs = {} } = showcase;
  test(`${name}: as ${by.join(' and ') || 'written down'}`, async () => {
    const folder = join(root, name);
    prepareContext(name, folder);
    const [mine, ...others] = await Promise.all([
      builtByUs(showcase, folder),
      ...by.map(async (reference) => await builtBy(reference, showcase, folder)),
    ]);
    const found = by.flatMap((reference, index) => {
      const texts = forReference(reference);
      const theirFacts = factsOf(must(others[index]), texts.theirs);
      return unexplained(reference, differs[reference] ?? {}, differences(factsOf(mine, texts.ours), theirFacts));
    });
    expect(found).toEqual([]);
    if (by.length === 0) await asWritten(name, mine);
  }, 120_000);
}

/** What differs and is not listed, and what is listed and does not. */
function unexplained(
  reference: Reference,
  listed: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>>,
): readonly string[] {
  const known = (fact: string): boolean => fact in listed || fact in EVERYWHERE[reference];
  const more = Object.entries(found).filter(([fact]) => !known(fact));
  const fewer = Object.keys(listed).filter((fact) => !(fact in found));
  return [
    ...more.map(([fact, values]) => plainWords(`${reference}: ${fact}: ${values}`)),
    ...fewer.map((fact) => `${reference}: ${fact} does not differ`),
  ];
}

/** SHOWCASE_RECORD=1 writes what was made, to be read and judged before it is kept. */
async function asWritten(name: string, { document, tree }: ImageContent): Promise<void> {
  const base = await savedImage(must(ours), readFrom(name), memory);
  const own = { ...document, history: document.history.filter(({ comment }) => comment === 'buildkit.dockerfile.v0') };
  const { platform: _, ...says } = Object.fromEntries(factsOf({ document: own, tree: new Map() }, wholeEntry));
  const shown = { says, files: addedTo(base.tree, tree) };
  const text = plainWords(`${JSON.stringify(shown, null, 2)}\n`);
  const file = join(FIXTURES, name, 'expected.json');
  if (process.env['SHOWCASE_RECORD'] === '1') writeFileSync(file, text);
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, 'utf8')));
}

/** The image of the last stage that names one of the bases. */
function readFrom(name: string): string {
  return /^FROM debian$/m.test(readFileSync(join(FIXTURES, name, 'Dockerfile'), 'utf8')) ? 'debian' : 'busybox';
}

const plainWords = (text: string): string => text.replaceAll(sources.web, 'WEB').replaceAll(sources.git, 'GIT');

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not there');
  return value;
}
