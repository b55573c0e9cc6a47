import { expect, test } from 'bun:test';
import { type CopyPlan, planCopy, rebaseOf, renameEntry, splitArgument, splitEntry, toAbsolute } from './paths.ts';

test('an argument is local when it begins with / or . or has no colon', () => {
  expect(splitArgument('c:/etc')).toEqual({ container: 'c', path: '/etc' });
  expect(splitArgument('c:rel:x')).toEqual({ container: 'c', path: 'rel:x' });
  expect(splitArgument('./a:b')).toEqual({ container: '', path: './a:b' });
  expect(splitArgument('/a:b')).toEqual({ container: '', path: '/a:b' });
  expect(splitArgument('plain')).toEqual({ container: '', path: 'plain' });
});

test('what the end of a path says survives cleaning', () => {
  expect(toAbsolute('/a/../b/')).toBe('/b/');
  expect(toAbsolute('/a/b/.')).toBe('/a/b/.');
  expect(toAbsolute('/')).toBe('/');
});

test('a path splits into folder and last part as Go splits it', () => {
  const cases = [
    ['/', '/', '/'],
    ['/a', '/', 'a'],
    ['/a/', '/', 'a'],
    ['/a/.', '/a', '.'],
    ['a', '.', 'a'],
    ['', '.', '.'],
  ] as const;
  for (const [path, folder, entry] of cases) expect(splitEntry(path)).toEqual({ folder, entry });
});

const folder = (path: string) => ({ path, exists: true, isFolder: true });
const file = (path: string) => ({ path, exists: true, isFolder: false });
const nothing = (path: string) => ({ path, exists: false, isFolder: false });

test('what exists at both ends decides where a copy goes and how it is called', () => {
  const renamed = (into: string, from: string, to: string): CopyPlan => ({
    kind: 'copy',
    folder: into,
    rename: { from, to },
  });
  expect(planCopy(file('/s/f'), folder('/d'))).toEqual({ kind: 'copy', folder: '/d' });
  expect(planCopy(folder('/s'), folder('/d'))).toEqual({ kind: 'copy', folder: '/d' });
  expect(planCopy(folder('/s'), file('/d'))).toEqual({ kind: 'refuse', reason: 'cannot copy directory' });
  expect(planCopy(file('/s/f'), file('/d/g'))).toEqual(renamed('/d', 'f', 'g'));
  expect(planCopy(folder('/s'), nothing('/d/n'))).toEqual(renamed('/d', 's', 'n'));
  expect(planCopy(folder('/s/.'), nothing('/d/n'))).toEqual(renamed('/d', '.', 'n'));
  expect(planCopy(file('/s/f'), nothing('/d/n/'))).toEqual({ kind: 'refuse', reason: 'no such directory' });
  expect(planCopy({ ...file('/s/f'), rebase: 'link' }, nothing('/d/n'))).toEqual(renamed('/d', 'link', 'n'));
});

test('following a link keeps the name that was asked for', () => {
  expect(rebaseOf('/l', '/target')).toEqual({ resolved: '/target', rebase: 'l' });
  expect(rebaseOf('/l/', '/target')).toEqual({ resolved: '/target/', rebase: 'l' });
  expect(rebaseOf('/x/same', '/y/same')).toEqual({ resolved: '/y/same', rebase: undefined });
});

test('the first occurrence of the old name is replaced', () => {
  expect(renameEntry('a/a/b', { from: 'a', to: 'n' })).toBe('n/a/b');
  expect(renameEntry('x', { from: 'a', to: 'n' })).toBe('x');
  expect(renameEntry('/etc', { from: '/', to: 'n' })).toBe('n/etc');
});
