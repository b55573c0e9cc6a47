import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { CLUSTER } from './cases/cluster.ts';
import { CONTAINER } from './cases/container.ts';
import { IMAGE } from './cases/image.ts';
import { NETWORK } from './cases/network.ts';
import { SYSTEM } from './cases/system.ts';
import { VOLUME } from './cases/volume.ts';
import type { Cases, SickWay, Way } from './cases.ts';
import { operationsOf, readDefinition, type Schema } from './definition.ts';
import { LOOSER, MAYBE_UNSEEN, UNSEEN } from './differences.ts';
import { type Checker, createChecker } from './schema.ts';
import { sicken } from './sicken.ts';
import type { Answer, World } from './world.ts';

const definition = readDefinition();
const operations = operationsOf(definition);
const cases: Cases = { ...CONTAINER, ...IMAGE, ...SYSTEM, ...VOLUME, ...NETWORK, ...CLUSTER };

/** A test for every operation and documented status of the API definition, its body held against the definition's schema; prints N of N. */
export function conform(who: string, open: () => Promise<World>): void {
  const checker = createChecker(definition);
  const seen = { operations: new Set<string>(), statuses: 0 };
  const impossible: string[] = [];

  let world: World;
  beforeAll(async () => {
    world = await open();
  }, 120_000);
  afterAll(async () => await world[Symbol.asyncDispose](), 60_000);

  for (const [name, { responses }] of operations) {
    describe(name, () => {
      for (const [status, { schema }] of Object.entries(responses)) {
        const way = cases[name]?.[Number(status)];
        if (isSick(way)) continue;
        if (typeof way === 'string') {
          impossible.push(`${name} ${status}: ${way}`);
          continue;
        }
        test(`answers ${status} as defined`, async () => {
          expect(way).toBeDefined();
          for (const one of [way ?? []].flat() as readonly Way[]) {
            const answer = await one(world);
            expect({ status: answer.status, text: answer.status === Number(status) ? '' : answer.text }).toEqual({
              status: Number(status),
              text: '',
            });
            expect(problemsOf(checker, { name, status: Number(status), schema }, answer)).toEqual([]);
          }
          seen.operations.add(name);
          seen.statuses += 1;
        }, 60_000);
      }
    });
  }

  describe('while nothing can be written', () => {
    let sickness: Disposable;
    beforeAll(() => {
      sickness = sicken(join(world.engine.root, 'd'));
    });
    afterAll(() => sickness[Symbol.dispose]());

    for (const [name, { responses }] of operations)
      for (const [status, { schema }] of Object.entries(responses)) {
        const way = cases[name]?.[Number(status)];
        if (!isSick(way)) continue;
        test(`${name} answers ${status} as defined`, async () => {
          const answer = await way.sick(world);
          expect([answer.status, answer.text]).toEqual([Number(status), '{"message":"the disk is sick"}\n']);
          expect(problemsOf(checker, { name, status: Number(status), schema }, answer)).toEqual([]);
          seen.statuses += 1;
        }, 60_000);
      }
  });

  describe('the whole', () => {
    test('every operation and status of the definition has its row, and no row is of something else', () => {
      const documented = [...operations].flatMap(([name, { responses }]) =>
        Object.keys(responses).map((status) => `${name} ${status}`),
      );
      const rows = Object.entries(cases).flatMap(([name, statuses]) =>
        Object.keys(statuses).map((status) => `${name} ${status}`),
      );
      expect(documented.filter((one) => !rows.includes(one))).toEqual([]);
      expect(Object.keys(cases).filter((name) => !operations.has(name))).toEqual([]);
    });

    test('every field of every answer is met, but for those that are named with a reason', () => {
      const fields = [...operations]
        .filter(([name]) => seen.operations.has(name) && !(name in CLUSTER))
        .flatMap(([name, { responses }]) =>
          Object.entries(responses).flatMap(([status, { schema }]) =>
            schema ? [...checker.fieldsOf(schema, `${name} ${status}`)] : [],
          ),
        );
      const unmet = [...new Set(fields)].filter((field) => !checker.met.has(field));
      const beginnings = Object.keys(UNSEEN);
      expect(
        unmet.filter((field) => ![...beginnings, ...MAYBE_UNSEEN].some((beginning) => field.startsWith(beginning))),
      ).toEqual([]);
      expect(beginnings.filter((beginning) => !unmet.some((field) => field.startsWith(beginning)))).toEqual([]);
    });

    test('prints how much of the definition was seen', () => {
      const statuses = [...operations.values()].flatMap(({ responses }) => Object.keys(responses)).length;
      console.log(
        `API ${definition.version}, ${who}: ${seen.operations.size} of ${operations.size} operations, ${seen.statuses} statuses answered and ${impossible.length} that cannot be had (with their reason), ${seen.statuses + impossible.length} of ${statuses}`,
      );
      expect(seen.statuses + impossible.length).toBe(statuses);
    });
  });
}

function isSick(way: Cases[string][number] | undefined): way is SickWay {
  return typeof way === 'object' && 'sick' in way;
}

/** What is wrong with an answer beside its status. */
function problemsOf(
  checker: Checker,
  { name, status, schema }: { readonly name: string; readonly status: number; readonly schema: Schema | undefined },
  answer: Answer,
): readonly string[] {
  const headers = {
    'api-version': '1.51',
    ostype: 'linux',
    'docker-experimental': 'false',
    server: 'Docker/28.3.0 (linux)',
  };
  const problems = Object.entries(headers).flatMap(([header, value]) =>
    answer.headers.get(header) === value ? [] : [`${header}: ${answer.headers.get(header)}`],
  );
  if (status === 304 || status === 204 || name.startsWith('HEAD '))
    return answer.text === '' ? problems : [...problems, 'a body'];
  const type = answer.headers.get('content-type') ?? '';
  if (schema === undefined || schema.type === 'string') return problems;
  if (!type.startsWith('application/json')) return [...problems, `Content-Type ${type}`];
  const wrong = checker.check(schema, JSON.parse(answer.text), `${name} ${status}`);
  return [...problems, ...wrong.filter((problem) => !LOOSER.has(problem))];
}
