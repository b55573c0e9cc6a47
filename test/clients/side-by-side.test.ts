import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { debianDaemonVersion } from './debian-daemon.ts';
import { EXPECTED, expectedOf } from './expected.ts';
import { judge, type Pair, startPair } from './side-by-side.ts';
import { STEPS } from './steps.ts';

const VERSION = debianDaemonVersion();
const steps = STEPS.flatMap((group) => group.steps);

test('a difference is told, a meant one is not, and one that is gone is', () => {
  const result = { exitCode: 0, stdout: 'a', stderr: '' };
  const other = { ...result, stdout: 'b' };
  expect(judge([], result, result)).toEqual([]);
  expect(judge([], result, other)).toEqual(['stdout: ours\n    a\n  theirs\n    b']);
  expect(judge(['stdout'], result, other)).toEqual([]);
  expect(judge(['stdout'], result, { ...other, exitCode: 1 })).toHaveLength(1);
  expect(judge(['stdout'], result, result)).toEqual(['stdout: equal now, but a difference is expected']);
});

test('every expected difference is one of the steps, once', () => {
  const named = EXPECTED.flatMap((difference) => difference.steps);
  expect(new Set(named).size).toBe(named.length);
  expect(named.filter((run) => !steps.some((step) => step.run === run))).toEqual([]);
});

test('no command line stands twice with different expectations', () => {
  const twice = steps.map(({ run }) => run).filter((run, at, all) => all.indexOf(run) !== at);
  expect(twice.filter((run) => expectedOf(run, '28.0.0') !== undefined)).toEqual([]);
});

test('docs/differences.md names every difference that is meant, and its reason', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/differences.md'), 'utf8');
  const meant = steps.filter(({ run }) => expectedOf(run, '28.0.0') !== undefined);
  expect(page.match(/^\$ .*/gm)?.length).toBe(meant.length);
  for (const { run } of meant) {
    expect(page).toContain(`$ ${run}\n`);
    expect(page).toContain(`## ${expectedOf(run, '28.0.0')?.because}\n`);
  }
});

// The expected differences are those to 20.10; another release differs elsewhere.
if (VERSION.startsWith('20.10.')) {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(async () => await pair[Symbol.asyncDispose]());
  for (const group of STEPS)
    describe(group.title, () => {
      for (const step of group.steps)
        test(`as dockerd ${VERSION}: ${step.run}`, async () => {
          expect((await pair.compare(step)).problems).toEqual([]);
        });
    });
} else console.log(`side-by-side: not compared, since the daemon of this machine is ${VERSION} and not 20.10`);
