import { expect, test } from 'bun:test';
import { compareNatural } from './natural.ts';

test('numbers in names are compared as numbers', () => {
  const names = ['net10', 'net2', 'net', 'a', 'net2b', 'net02', 'Net3', 'net10a'];
  expect(names.sort(compareNatural)).toEqual(['Net3', 'a', 'net', 'net2', 'net2b', 'net02', 'net10', 'net10a']);
});
