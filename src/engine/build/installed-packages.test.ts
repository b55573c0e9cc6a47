import { expect, test } from 'bun:test';
import { parseApkInstalled, parseDpkgStatus, parseOsRelease } from './installed-packages.ts';

test('dpkg: what is installed is listed, what was removed is not, continued lines and odd paragraphs do no harm', () => {
  const text = [
    'Package: libc6\nStatus: install ok installed\nMaintainer: GNU <a@b>\nArchitecture: amd64\nVersion: 2.36-9+deb12u4\nDescription: C library\n Package: fake\n more\nHomepage: https://example.invalid/',
    'Package: gone\nStatus: deinstall ok config-files\nVersion: 1',
    'Package: nothing\nStatus: install ok installed',
    '\u0000garbage',
    'Package: tzdata\nVersion: 2024a',
  ].join('\n\n');
  expect(parseDpkgStatus(text, '/s').map(({ name, version, architecture }) => [name, version, architecture])).toEqual([
    ['libc6', '2.36-9+deb12u4', 'amd64'],
    ['tzdata', '2024a', ''],
  ]);
  expect(parseDpkgStatus(text, '/s')[0]).toMatchObject({
    description: 'C library',
    homepage: 'https://example.invalid/',
  });
});

test('apk: every paragraph with a name and a version is a package', () => {
  const text = 'C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\nT:the libc\nL:MIT\nF:lib\nR:ld.so\n\nP:half\n\nP:b\nV:2\n';
  expect(parseApkInstalled(text, '/a').map(({ name, version, license }) => [name, version, license])).toEqual([
    ['musl', '1.2.4-r2', 'MIT'],
    ['b', '2', ''],
  ]);
});

test('os-release: quoted and plain values', () => {
  expect(parseOsRelease('ID=debian\nVERSION_ID="12"\nPRETTY_NAME=\'Debian 12\'\nBAD LINE\n')).toEqual({
    id: 'debian',
    version: '12',
    prettyName: 'Debian 12',
  });
});
