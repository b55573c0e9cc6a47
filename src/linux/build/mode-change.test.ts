import { expect, test } from 'bun:test';
import { findOwner } from './accounts.host.ts';
import { parseModeChange } from './mode-change.ts';

const CASES: readonly (readonly [text: string, mode: number, folder: boolean, expected: number])[] = [
  ['', 0o640, false, 0o640],
  ['755', 0o600, false, 0o755],
  ['04711', 0o600, false, 0o4711],
  ['+x', 0o640, false, 0o751],
  ['a-w', 0o666, false, 0o444],
  ['u=rwX,go=rX', 0o600, true, 0o755],
  ['u=rwX,go=rX', 0o600, false, 0o644],
  ['u=rwX,go=rX', 0o700, false, 0o755],
  ['g=u', 0o750, false, 0o770],
  ['o=g-w', 0o770, false, 0o775],
  ['u+s,g+s,+t', 0o755, true, 0o7755],
  ['go=', 0o777, false, 0o700],
];
for (const [text, mode, folder, expected] of CASES)
  test(`chmod ${text || 'nothing'} of ${folder ? 'a folder' : 'a file'} ${mode.toString(8)} is ${expected.toString(8)}`, () =>
    expect(parseModeChange(text)(mode, folder).toString(8)).toBe(expected.toString(8)));

test('owners by number and by name of the accounts', () => {
  const files: Record<string, string> = { '/etc/passwd': 'joe:x:12:34::/:\n', '/etc/group': 'team:x:56:\n' };
  const owner = (text: string): string => {
    const { uid, gid } = findOwner(text, (path) => files[path] ?? '');
    return `${uid}:${gid}`;
  };
  expect(['5', '5:6', 'joe', 'joe:team', '7:team', 'joe:8'].map(owner)).toEqual([
    '5:5',
    '5:6',
    '12:34',
    '12:56',
    '7:56',
    '12:8',
  ]);
  expect(() => owner('nobody')).toThrow("can't find user nobody");
  expect(() => owner('joe:none')).toThrow("can't find group none");
});
