import { describe, expect, test } from 'bun:test';
import { matchesFilters, switchOf } from './filter.ts';
import { createHolders } from './holders.ts';
import { checkLocalName } from './local-driver.ts';
import { checkLocalOptions, deviceOf } from './local-options.ts';

describe('options of local volumes', () => {
  test.each([
    [{ foo: 'x' }, 'invalid option: "foo"'],
    [{ type: 'tmpfs' }, 'missing required option: "device"'],
    [{ device: 'tmpfs' }, 'missing required option: "type"'],
    [{ o: 'size=1m' }, 'missing required option: "device"'],
    [{ o: 'size=1m', device: 'tmpfs' }, 'missing required option: "type"'],
    [{ size: '10m' }, 'quota size requested but no quota support'],
    [{ size: 'abc' }, "invalid size: 'abc'"],
    [{ type: 'cifs', device: '//host:445/share' }, "port not allowed in CIFS device URL, include 'port' in 'o='"],
  ])('%j is refused: %s', (options, text) => {
    expect(() => checkLocalOptions(options as Record<string, string>, { quota: false })).toThrow(text);
  });

  test('tmpfs, bind, nfs and a size of nothing are taken', () => {
    for (const options of [
      {},
      { type: 'tmpfs', device: 'tmpfs', size: '0' },
      { type: 'none', device: '/x', o: 'bind' },
      { type: 'nfs', device: ':/x', o: 'addr=10.0.0.1,rw' },
    ])
      checkLocalOptions(options as Record<string, string>, { quota: false });
    checkLocalOptions({ size: '1.5g' }, { quota: true });
    expect(deviceOf({})).toBeUndefined();
    expect(deviceOf({ type: 'none', device: '/x', o: 'bind' })).toEqual({
      type: 'none',
      device: '/x',
      options: 'bind',
    });
  });
});

test.each([
  ['x', 'create x: volume name is too short, names should be at least two alphanumeric characters'],
  ['a/b', 'create a/b: "a/b" includes invalid characters for a local volume name'],
  ['.ab', 'includes invalid characters'],
  ['a'.repeat(256), 'at most 255'],
])('the name %s is refused', (name, text) => {
  expect(() => checkLocalName(name)).toThrow(text);
});

describe('filters', () => {
  const volume = { Name: 'web-data', Driver: 'local', Labels: { a: '1' } };
  const filters = (entries: Record<string, string[]>) => new Map(Object.entries(entries));
  test.each([
    [{ name: ['web'] }, true],
    [{ name: ['^web-'] }, true],
    [{ name: ['^data'] }, false],
    [{ name: ['('] }, false],
    [{ driver: ['local'] }, true],
    [{ driver: ['loc'] }, false],
    [{ label: ['a'] }, true],
    [{ label: ['a=2'] }, false],
    [{ dangling: ['true'] }, true],
    [{ dangling: ['0'] }, false],
  ])('%j: %p', (given, matches) => {
    expect(matchesFilters(volume, false, filters(given as unknown as Record<string, string[]>))).toBe(matches);
  });
  test('a switch is one word', () => {
    expect(() => switchOf(filters({ dangling: ['foo'] }), 'dangling')).toThrow("invalid filter 'dangling=[foo]'");
    expect(() => switchOf(filters({ all: ['1', '0'] }), 'all')).toThrow("invalid filter 'all=[1 0]'");
  });
});

test('holders count: the first and the last of each are told', () => {
  const holders = createHolders();
  expect([holders.add('v', 'a'), holders.add('v', 'a'), holders.add('v', 'b')]).toEqual([true, false, true]);
  expect([holders.remove('v', 'a'), holders.of('v'), holders.remove('v', 'a')]).toEqual([false, ['a', 'b'], true]);
  expect([holders.remove('v', 'a'), holders.of('v'), holders.remove('v', 'b'), holders.of('v')]).toEqual([
    false,
    ['b'],
    true,
    [],
  ]);
});
