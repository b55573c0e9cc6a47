import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RULES, type RuleName, ruleUrl } from './rules.ts';

const CASES = resolve(import.meta.dirname, '../../../test/fixtures/dockerfiles');
const names = Object.keys(RULES) as RuleName[];

function reported(folder: string): readonly string[] {
  const file = join(CASES, folder, 'check.json');
  if (!existsSync(file)) return [];
  const { warnings } = JSON.parse(readFileSync(file, 'utf8')) as { warnings: readonly { ruleName: string }[] | null };
  return (warnings ?? []).map(({ ruleName }) => ruleName);
}

describe('the rules', () => {
  const folders = readdirSync(CASES).filter((name) => name.startsWith('check-'));
  const skipping = (rule: RuleName): readonly string[] =>
    folders.filter((folder) => {
      const [first = ''] = readFileSync(join(CASES, folder, 'Dockerfile'), 'utf8').split('\n');
      return new RegExp(`^# check=skip=(?:\\w+,)*${rule}\\b`).test(first);
    });

  test('are 22', () => expect(names).toHaveLength(22));

  test.each(names)('%s is found in the corpus, and not where it is skipped', (rule) => {
    expect(folders.some((folder) => reported(folder).includes(rule))).toBe(true);
    expect(skipping(rule)).not.toHaveLength(0);
    for (const folder of skipping(rule)) expect(reported(folder)).not.toContain(rule);
  });

  test('are explained at a page named after them', () => {
    expect(ruleUrl('JSONArgsRecommended')).toEndWith('/rule/json-args-recommended/');
    expect(ruleUrl('SecretsUsedInArgOrEnv')).toEndWith('/rule/secrets-used-in-arg-or-env/');
    expect(ruleUrl('FromAsCasing')).toEndWith('/rule/from-as-casing/');
  });
});
