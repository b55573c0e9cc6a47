import { expect, test } from 'bun:test';
import { splitVersion } from './router.ts';

test('a path names its API version, or means the newest', () => {
  expect(splitVersion('/v1.41/containers/json')).toEqual({ version: '1.41', rest: '/containers/json' });
  expect(splitVersion('/containers/json')).toEqual({ version: '1.51', rest: '/containers/json' });
});

test('the version of skopeo on Debian 12 is answered; older and newer ones are refused', () => {
  expect(splitVersion('/v1.22/images/x/json').version).toBe('1.22');
  expect(() => splitVersion('/v1.21/info')).toThrow('client version 1.21 is too old. Minimum supported API version');
  expect(() => splitVersion('/v1.52/info')).toThrow('client version 1.52 is too new. Maximum supported API version');
});
