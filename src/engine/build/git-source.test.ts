import { expect, test } from 'bun:test';
import { parseGitSource } from './git-source.ts';

const PLAIN = { ref: '', subdir: '', keepGitDir: false, submodules: true, checksum: '' };

test('a repository by fragment or query', () => {
  expect(parseGitSource('https://h/x.git', false)).toEqual({ ...PLAIN, remote: 'https://h/x.git' });
  expect(parseGitSource('https://h/x.git#v1:a/../b', true)).toEqual({
    ...PLAIN,
    remote: 'https://h/x.git',
    ref: 'v1',
    subdir: 'b',
    keepGitDir: true,
  });
  expect(parseGitSource('git@h:x.git#:sub', false)).toEqual({ ...PLAIN, remote: 'git@h:x.git', subdir: 'sub' });
  expect(parseGitSource('https://h/x.git?branch=b&subdir=s&submodules=false&keep-git-dir=1', false)).toEqual({
    ...PLAIN,
    remote: 'https://h/x.git',
    ref: 'refs/heads/b',
    subdir: 's',
    submodules: false,
    keepGitDir: true,
  });
  expect(parseGitSource('https://h/x.git?tag=t&commit=0123456789', false)).toMatchObject({
    ref: 'refs/tags/t',
    checksum: '0123456789',
  });
});

test('what git would misunderstand is refused', () => {
  const bad = ['#--upload-pack=x', '#a..b', '#a b', '?unknown=1', '?ref=a&tag=b', '?ref=a#b', '?commit=zz'];
  for (const end of bad) expect(() => parseGitSource(`https://h/x.git${end}`, false)).toThrow();
});

test('a folder never leads out of the repository', () => {
  expect(parseGitSource('https://h/x.git#:../../etc', false).subdir).toBe('etc');
});
