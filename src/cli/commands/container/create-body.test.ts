import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { flatten, splitWords } from '../../../../test/helpers/create-golden.ts';
import { messageOf } from '../../../lib/errors.ts';
import { parseFlags } from '../../../lib/flags/parse.ts';
import { openText } from './client-side.ts';
import { type CreateBody, createBody } from './create-body.ts';
import { CREATE_FLAGS } from './create-flags.ts';

const FIXTURES = join(import.meta.dir, '../../../../test/fixtures/create');

interface Golden {
  readonly plain: object;
  readonly cases: readonly {
    readonly line: string;
    readonly error?: string;
    readonly changed?: Readonly<Record<string, unknown>>;
  }[];
}

const golden = JSON.parse(readFileSync(join(FIXTURES, 'golden.json'), 'utf8')) as Golden;

function bodyOf(line: string): CreateBody {
  const { flags, args } = parseFlags(CREATE_FLAGS, splitWords(line), false);
  return createBody(flags, args, {
    lookup: (name) => (name === 'HOME' ? '/home/user' : undefined),
    readFile: (path) => {
      try {
        return openText(join(FIXTURES, path));
      } catch (error) {
        throw new Error(messageOf(error).replace(`${FIXTURES}/`, ''));
      }
    },
    absolute: (path) => resolve('/cwd', path),
    proxies: [],
    consoleSize: [0, 0],
  });
}

/** Docker's client sends these in the order of a Go map, a different one each time. */
function unordered(flat: Record<string, unknown>): Record<string, unknown> {
  const sorted = (key: string): object => (Array.isArray(flat[key]) ? { [key]: flat[key].map(String).sort() } : {});
  return { ...flat, ...sorted('Env'), ...sorted('HostConfig.Binds') };
}

describe('a body as the Go client 28.2 sends it', () => {
  test('plain, key for key', () => {
    expect(JSON.parse(JSON.stringify(bodyOf('busybox')))).toEqual(golden.plain);
  });

  test.each(golden.cases.filter((one) => one.changed !== undefined))('$line', ({ line, changed }) => {
    const expected = { ...flatten(golden.plain), ...changed };
    expect(unordered(flatten(JSON.parse(JSON.stringify(bodyOf(line)))))).toEqual(unordered(expected));
  });
});

/** Refused elsewhere (by the parser of references), by us on purpose in other words, or with the words of another JSON parser; or known to us. */
const OTHER_WORDS = [
  /^Foo$/,
  /bind-create-src busybox/,
  /^--detach-keys/,
  /^--disable-content-trust=false/,
  /seccomp=labels/,
  /--pull foo/,
];

describe('refused with the text of the Go client', () => {
  const cases = golden.cases.filter(({ line, error }) => error && !OTHER_WORDS.some((pattern) => pattern.test(line)));
  test.each(cases)('$line', ({ line, error }) => {
    expect(() => bodyOf(line)).toThrow(error?.replace(/^docker: /, ''));
  });
});
