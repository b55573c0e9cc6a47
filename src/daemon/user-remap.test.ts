import { expect, test } from 'bun:test';
import { freeRange, planIdMap, remappedUser } from './user-remap.ts';

const FILES = {
  passwd: 'root:x:0:0::/root:/bin/sh\nlow:x:1000:1000::/home/low:/bin/sh\nnone:x:7:7::/:/bin/false\n',
  group: 'root:x:0:\nlow:x:1000:\n',
  subuid: 'low:100000:65536\nother:165536:65536\n1000:300000:10\nlow:broken:5\n',
  subgid: 'low:200000:65536\n',
};

test.each([
  ['low', 'low'],
  ['1000', 'low'],
  ['low:low', 'low'],
  ['1000:1000', 'low'],
  ['root', 'root'],
])('%s is a user', (setting, name) => {
  expect(remappedUser(setting, FILES).name).toBe(name);
});

test.each([
  ['nobody', 'Error during uid lookup for "nobody"'],
  ['low:wheel', 'Error during groupname lookup for "wheel"'],
  ['a:b:c', 'Invalid user/group specification'],
])('%s is refused', (setting, text) => {
  expect(() => remappedUser(setting, FILES)).toThrow(text);
});

test('the ranges of a user, by name and by number, follow each other inside', () => {
  expect(planIdMap({ name: 'low', uid: '1000' }, FILES)).toEqual({
    uids: [
      { disk: 0, seen: 100_000, count: 65_536 },
      { disk: 65_536, seen: 300_000, count: 10 },
    ],
    gids: [{ disk: 0, seen: 200_000, count: 65_536 }],
  });
  expect(() => planIdMap({ name: 'none', uid: '7' }, FILES)).toThrow('no subuid ranges found for user "none"');
});

test('a new range is behind all that are taken', () => {
  expect(freeRange(FILES)).toEqual({ first: 300_010, last: 365_545 });
  expect(freeRange({ ...FILES, subuid: '', subgid: '' })).toEqual({ first: 100_000, last: 165_535 });
});
