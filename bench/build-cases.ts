import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Case } from './cases.ts';
import { client, type Engine } from './engines.ts';

const OURS = resolve(import.meta.dirname, '../dist/docker');
const ROUNDS = 5;

/** Builds by the classic protocol, which every engine has. */
export function createBuildCases(): { readonly cases: readonly Case[] } & Disposable {
  const scratch = mkdtempSync(join(tmpdir(), 'skb-builds-'));
  const context = (name: string): string => join(scratch, name);
  const cases: readonly Case[] = [
    {
      name: 'build, cold: COPY of 2,000 files, 8 RUN',
      rounds: ROUNDS,
      target: 0.5,
      prepare: ({ name }, round) => writeContext(context('cold'), 2000, `${name} ${round}`, eightRuns()),
      run: (engine) => build(engine, client, context('cold')),
    },
    {
      name: 'build, nothing changed: COPY of 2,000 files, 8 RUN',
      rounds: ROUNDS,
      target: 0.3,
      prepare: (engine) => {
        writeContext(context('same'), 2000, 'same', eightRuns());
        build(engine, client, context('same'));
      },
      run: (engine) => build(engine, client, context('same')),
    },
    {
      name: 'build, one of 10,000 files changed: our client on ours',
      // thousands of files are made in each, and removed at the end
      rounds: 3,
      target: 0.4,
      // A folder for each engine: what it built in the round before is what a file has changed since.
      prepare: (engine, round) => {
        const folder = context(`large-${engine.name}`);
        if (round === 0) {
          writeContext(folder, 10_000, 'first', 'FROM busybox\nCOPY . /src/\nRUN test -f /src/0/0\n');
          build(engine, clientOf(engine), folder);
        }
        writeFileSync(join(folder, '0/0'), `${engine.name} ${round}`);
      },
      run: (engine) => build(engine, clientOf(engine), context(`large-${engine.name}`)),
    },
    {
      name: 'build, 4 independent stages',
      rounds: ROUNDS,
      target: 0.5,
      prepare: ({ name }, round) => writeContext(context('stages'), 10, `${name} ${round}`, fourStages()),
      run: (engine) => build(engine, client, context('stages')),
    },
  ];
  return { cases, [Symbol.dispose]: () => rmSync(scratch, { recursive: true, force: true }) };
}

function clientOf({ name }: Engine): string {
  return name === 'skiff' ? OURS : client;
}

function build(engine: Engine, program: string, folder: string): void {
  const { exitCode, stderr } = Bun.spawnSync([program, 'build', '-q', '-t', 'bench', folder], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', DOCKER_HOST: engine.host, DOCKER_BUILDKIT: '0' },
    stdin: 'ignore',
  });
  if (exitCode !== 0) throw new Error(`docker build: ${stderr.toString()}`);
}

/** Forty folders of files; the first file says which build it is for. */
function writeContext(folder: string, files: number, first: string, dockerfile: string): void {
  for (let index = 0; index < files; index++) {
    const inside = join(folder, `${index % 40}`);
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, `${index}`), index === 0 ? first : `file ${index}\n`.repeat(1 + (index % 100)));
  }
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
}

function eightRuns(): string {
  const runs = Array.from({ length: 8 }, (_none, index) => `RUN echo ${index} > /step-${index}\n`);
  return `FROM busybox\nCOPY . /src/\n${runs.join('')}`;
}

/** Each has something to compute. */
function fourStages(): string {
  const stages = Array.from(
    { length: 4 },
    (_none, index) =>
      `FROM busybox AS part-${index}\nCOPY . /src/\nRUN cat /src/0/0 /bin/busybox | gzip -9 > /result-${index}; for i in 1 2 3 4 5; do gzip -9 < /bin/busybox | sha256sum; done\n`,
  );
  const copies = stages.map((_text, index) => `COPY --from=part-${index} /result-${index} /\n`);
  return `${stages.join('')}FROM busybox\n${copies.join('')}`;
}
