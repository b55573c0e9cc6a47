import type { BuildCacheRecord } from '../../api/types/system.ts';
import { KnownError } from '../../lib/errors.ts';
import { parseDuration } from '../parse/duration.ts';
import { isMutable } from './build-cache-text.ts';

type Test = (record: BuildCacheRecord) => boolean;

const FLAGS: Readonly<Record<string, Test>> = {
  inuse: ({ InUse }) => InUse,
  mutable: isMutable,
  immutable: (record) => !isMutable(record),
  shared: ({ Shared }) => Shared,
  private: ({ Shared }) => !Shared,
};

const TEXTS: Readonly<Record<string, (record: BuildCacheRecord) => readonly string[]>> = {
  id: ({ ID }) => [ID],
  parent: ({ Parents = [] }) => Parents,
  parents: ({ Parents = [] }) => Parents,
  description: ({ Description }) => [Description],
  type: ({ Type }) => [Type],
};

/**
 * `--filter` of `docker builder du` and `prune` in buildx's forms: `KEY`, `KEY=value`, `KEY==value`, `KEY!=value`, `KEY~=expression`, and
 * `until=DURATION` for what was not used for so long. All must take a record. Errors: invalid_parameter.
 */
export function parseCacheFilters(given: readonly string[], nowMs: number): Test {
  const tests = given.map((text) => parseCacheFilter(text, nowMs));
  return (record) => tests.every((test) => test(record));
}

function parseCacheFilter(text: string, nowMs: number): Test {
  const [, written = '', operator = '', value = ''] = /^([^=!~]*)(==|=|!=|~=)?([\s\S]*)$/.exec(text) ?? [];
  const key = written.trim().toLowerCase();
  if (key === 'until' || key === 'unused-for') {
    if (operator !== '=' && operator !== '==') throw bad(`the filter ${key} needs a duration: ${text}`);
    const before = nowMs - parseDuration(value) / 1e6;
    return ({ LastUsedAt, CreatedAt }) => Date.parse(LastUsedAt ?? CreatedAt) < before;
  }
  const flag = FLAGS[key];
  if (flag !== undefined) return flagTest(flag, text, operator, value);
  const texts = TEXTS[key];
  if (texts === undefined) throw bad(`invalid filter '${key}'`);
  if (operator === '') return (record) => texts(record).some((one) => one !== '');
  const matches = operator === '~=' ? expression(value) : (one: string) => one === value;
  const wanted = operator !== '!=';
  return (record) => texts(record).some(matches) === wanted;
}

function flagTest(flag: Test, text: string, operator: string, value: string): Test {
  if (operator === '') return flag;
  const given = { true: true, '1': true, false: false, '0': false }[value];
  if (given === undefined || operator === '~=') throw bad(`invalid filter '${text}': expected true or false`);
  const wanted = given === (operator !== '!=');
  return (record) => flag(record) === wanted;
}

function expression(text: string): (one: string) => boolean {
  try {
    const matcher = new RegExp(text);
    return (one) => matcher.test(one);
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid filter: ${JSON.stringify(text)} is no regular expression`, {
      cause: error,
    });
  }
}

function bad(message: string): KnownError {
  return new KnownError('invalid_parameter', message);
}
