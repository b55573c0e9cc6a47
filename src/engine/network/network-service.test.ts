import { expect, test } from 'bun:test';
import type { Network } from '../../api/types/network.ts';
import { networkFilter, pruneFilter } from './network-service.ts';

test('networks are filtered by type, label and use; prune leaves those in use and the built-in ones', () => {
  const all: readonly Network[] = [
    { Name: 'bridge', Id: '1', Containers: {} },
    { Name: 'used', Id: '2', Containers: { c: {} }, Labels: { a: '1' } },
    { Name: 'idle', Id: '3', Containers: {}, Labels: { a: '2' }, Created: '2026-01-01T00:00:00Z' },
  ];
  const names = (key: string, value: string): readonly string[] =>
    all.filter(networkFilter(new Map([[key, [value]]]))).map(({ Name = '' }) => Name);
  expect(names('type', 'custom')).toEqual(['used', 'idle']);
  expect(names('type', 'builtin')).toEqual(['bridge']);
  expect(names('dangling', 'true')).toEqual(['idle']);
  expect(names('name', 'us')).toEqual(['used']);
  expect(names('name', '^idle$')).toEqual(['idle']);
  expect(names('name', '^id$')).toEqual([]);
  expect(names('label', 'a')).toEqual(['used', 'idle']);
  expect(names('label', 'a=2')).toEqual(['idle']);
  expect(() => names('type', 'x')).toThrow("invalid filter: 'type'='x'");
  const pruned = (...filters: readonly [string, readonly string[]][]): readonly string[] =>
    all.filter(pruneFilter(new Map(filters))).map(({ Name = '' }) => Name);
  expect(pruned()).toEqual(['idle']);
  expect(pruned(['label!', ['a']])).toEqual([]);
  expect(pruned(['until', ['2025-01-01T00:00:00Z']])).toEqual([]);
});
