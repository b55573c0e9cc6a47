import { afterAll, describe, expect, test } from 'bun:test';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NewTarEntry, tarEnd, tarHeader, tarPadding } from '../../lib/tar/writer.ts';
import { mknod } from '../ffi/libc.host.ts';
import { createBuildFiles } from './build-files.host.ts';
import type { PlaceRequest } from './build-files.ts';
import type { TreeEntry } from './tree-entry.ts';

const root = mkdtempSync(join(tmpdir(), 'skiff-build-'));
const files = createBuildFiles({ root: join(root, 'files') });
const { signal } = new AbortController();
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;

function folder(content: Readonly<Record<string, string>> = {}): string {
  const path = join(root, `t${++made}`);
  mkdirSync(path);
  for (const [name, text] of Object.entries(content)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(join(path, name), text);
    else mkdirSync(join(path, name));
  }
  return path;
}

function overlay(lower: string): { readonly lower: readonly string[]; readonly upper: string; readonly work: string } {
  return { lower: [lower], upper: folder(), work: folder() };
}

async function* tarOf(entries: readonly (NewTarEntry & { readonly text?: string })[]): AsyncGenerator<Uint8Array> {
  for (const { text = '', ...entry } of entries) {
    const body = Buffer.from(text);
    yield Buffer.concat([tarHeader({ ...entry, size: body.length }), body, tarPadding(body.length)]);
  }
  yield tarEnd();
}

let packs = 0;

/** Scans and unpacks: what is there must be what was told. */
async function unpack(target: string, archive: AsyncIterable<Uint8Array>): Promise<readonly TreeEntry[]> {
  const path = join(root, `pack${++packs}`);
  const entries = await files.scanContext(path, archive, signal);
  await files.unpack(target, { kind: 'pack', path, entries }, signal);
  const there = await files.index({ kind: 'folder', path: target }, ['/'], { hash: true }, signal);
  const told = (list: readonly TreeEntry[]): readonly object[] =>
    list
      .filter((entry) => entry.path !== '/')
      .map(({ mtime, ...entry }) => ({ ...entry, offset: 0, mtime: Math.floor(mtime) }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  expect(told(there)).toEqual(told(entries));
  return entries;
}

async function place(
  source: string,
  lower: string,
  request: Partial<PlaceRequest> & Pick<PlaceRequest, 'sources' | 'destination'>,
): Promise<string> {
  const target = overlay(lower);
  const whole = { owner: '', mode: '', clampSeconds: undefined, ...request };
  await files.place(target, { kind: 'folder', path: source }, whole, signal);
  return target.upper;
}

async function failure(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'nothing failed',
    (error: unknown) => String(error),
  );
}

const ALL = { kind: 'tree', path: '/', entries: undefined } as const;

describe('a context', () => {
  test('is unpacked as root, hashed, and said entry by entry', async () => {
    const target = folder();
    const entries = await unpack(
      target,
      tarOf([
        { name: 'd/f', type: 'file', text: 'hello', mode: 0o4755, uid: 7, gid: 8, mtime: 1000 },
        { name: 'd/g', type: 'link', linkName: 'd/f' },
        { name: 'l', type: 'symlink', linkName: '/etc/passwd' },
      ]),
    );
    const stat = statSync(join(target, 'd/f'));
    expect([stat.uid, stat.gid, stat.mode & 0o7777, stat.mtimeMs, stat.nlink]).toEqual([0, 0, 0o4755, 1_000_000, 2]);
    expect(entries.map(({ path, type, sameAs }) => [path, type, sameAs])).toEqual([
      ['/', 'directory', ''],
      ['/d', 'directory', ''],
      ['/d/f', 'file', ''],
      ['/d/g', 'file', '/d/f'],
      ['/l', 'symlink', ''],
    ]);
    expect(entries[2]?.hash).toBe('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
    expect(readlinkSync(join(target, 'l'))).toBe('/etc/passwd');
  });

  test('tells texts out of its contents, the last of a name', async () => {
    const path = join(root, `pack${++packs}`);
    const entries = await files.scanContext(
      path,
      tarOf([
        { name: 'Dockerfile', type: 'file', text: 'old' },
        { name: './Dockerfile', type: 'file', text: 'FROM x' },
        { name: 'other', type: 'file', text: 'y' },
      ]),
      signal,
    );
    const view = { kind: 'pack', path, entries } as const;
    expect(await files.readText(view, '/Dockerfile', 100, signal)).toBe('FROM x');
    expect(await failure(files.readText(view, '/Dockerfile', 5, signal))).toContain('/Dockerfile is too large');
    expect(await failure(files.readText(view, '/missing', 100, signal))).toContain('/missing is not in the context');
  });

  test('never leaves its folder', async () => {
    const target = folder();
    const outside = folder();
    const entries = await unpack(
      target,
      tarOf([
        { name: `..${outside}/kept`, type: 'file', text: 'y' },
        { name: 'up', type: 'symlink', linkName: outside },
        { name: '../../../up/evil', type: 'file', text: 'x' },
      ]),
    );
    expect(readdirSync(outside)).toEqual([]);
    // the link was followed inside
    expect(entries.map(({ path }) => path)).toContain(`${outside}/evil`);
  });

  test('devices, cut archives and links to nothing are refused', async () => {
    const bad: readonly (readonly NewTarEntry[])[] = [
      [{ name: 'null', type: 'character', deviceMajor: 1, deviceMinor: 3 }],
      [{ name: 'a', type: 'link', linkName: 'b' }],
    ];
    for (const entries of bad) expect(await failure(unpack(folder(), tarOf(entries)))).toContain('build context: ');
    const cut = async function* (): AsyncGenerator<Uint8Array> {
      yield tarHeader({ name: 'f', type: 'file', size: 100 });
    };
    expect(await failure(unpack(folder(), cut()))).toContain('in the middle of an entry');
  });

  test('a file that replaces a folder takes all of it away', async () => {
    const entries = await unpack(
      folder(),
      tarOf([
        { name: 'd/f', type: 'file' },
        { name: 'd', type: 'file', text: 'x' },
      ]),
    );
    expect(entries.map(({ path, type }) => `${type} ${path}`)).toEqual(['directory /', 'file /d']);
  });
});

describe('a copy', () => {
  test('joins folders, replaces files and links, and takes modes, links and hard links along', async () => {
    const source = folder({ 'a/one': '1', 'a/two': '2', 'b/': '' });
    symlinkSync('one', join(source, 'a/soft'));
    linkSync(join(source, 'a/one'), join(source, 'a/hard'));
    utimesSync(join(source, 'a'), 50, 50);
    const lower = folder({ 'to/a/one': 'old', 'to/a/kept': 'k' });
    symlinkSync('/etc', join(lower, 'to/a/two'));
    const upper = await place(source, lower, { sources: [ALL], destination: '/to' });
    expect(readdirSync(join(upper, 'to/a')).sort()).toEqual(['hard', 'one', 'soft', 'two']);
    expect(statSync(join(upper, 'to/a/one')).nlink).toBe(2);
    expect(readFileSync(join(upper, 'to/a/two'), 'utf8')).toBe('2');
    expect(statSync(join(upper, 'to/a')).mtimeMs).toBe(50_000);
  });

  test('follows links of the destination inside the target', async () => {
    const outside = folder();
    const lower = folder({ 'real/': '' });
    symlinkSync('/real', join(lower, 'link'));
    symlinkSync(`../../../../..${outside}`, join(lower, 'out'));
    const source = folder({ f: 'x' });
    const upper = await place(source, lower, {
      sources: [{ kind: 'file', path: '/f', name: 'f' }],
      destination: '/link/',
    });
    expect(existsSync(join(upper, 'real/f'))).toBe(true);
    await place(source, lower, { sources: [{ kind: 'file', path: '/f', name: 'f' }], destination: '/out/' });
    expect(readdirSync(outside)).toEqual([]);
  });

  test('a folder and something else never take each other’s place', async () => {
    const source = folder({ f: 'x', 'd/g': 'y' });
    const lower = folder({ 'f/': '', d: 'file' });
    const file = { kind: 'file', path: '/f', name: 'f' } as const;
    expect(await failure(place(source, lower, { sources: [file], destination: '/' }))).toContain(
      'cannot replace to directory /f with file',
    );
    const tree = { kind: 'tree', path: '/d', entries: undefined } as const;
    expect(await failure(place(source, lower, { sources: [tree], destination: '/d' }))).toContain(
      'cannot copy to non-directory: /d',
    );
  });

  test('owners by name of the target, modes by symbols, folders on the way included', async () => {
    const source = folder({ 'd/run': 'x' });
    const lower = folder({ 'etc/passwd': 'joe:x:12:34::/:\n', 'etc/group': 'team:x:56:\n' });
    const request = { sources: [ALL], destination: '/new/deep/', owner: 'joe:team', mode: 'u=rwX,go=rX' };
    const upper = await place(source, lower, request);
    const look = (path: string): readonly number[] => {
      const { uid, gid, mode } = lstatSync(join(upper, path));
      return [uid, gid, mode & 0o7777];
    };
    expect(look('new')).toEqual([12, 56, 0o755]);
    expect(look('new/deep/d')).toEqual([12, 56, 0o755]);
    expect(look('new/deep/d/run')).toEqual([12, 56, 0o644]);
    expect(await failure(place(source, lower, { ...request, owner: 'nobody-here' }))).toContain("can't find user");
  });

  test('only the entries that are named, with the folders they are in', async () => {
    const source = folder({ 'x/a': '1', 'x/b': '2', 'y/c': '3' });
    const upper = await place(source, folder(), {
      sources: [{ kind: 'tree', path: '/', entries: ['x', 'x/b'] }],
      destination: '/to/',
    });
    expect(readdirSync(join(upper, 'to'), { recursive: true, encoding: 'utf8' }).toSorted()).toEqual(['x', 'x/b']);
  });
});

describe('a packed layer', () => {
  test('is the same bytes for the same tree, with whiteouts, and clamped times', async () => {
    const upper = folder({ 'b/f': 'text', a: 'x' });
    mknod(join(upper, 'gone'), 0o020000, 0);
    linkSync(join(upper, 'a'), join(upper, 'z'));
    for (const name of ['a', 'b/f', 'b']) utimesSync(join(upper, name), 5000, 5000);
    const pack = async (name: string) =>
      await files.pack({ upper, blob: join(root, name), clampSeconds: 1000, dropMountPoints: false }, signal);
    const one = await pack('one');
    expect(await pack('two')).toEqual(one);
    expect([one.size, one.contentBytes]).toEqual([statSync(join(root, 'one')).size, 5]);
    const listed = Bun.spawnSync([
      'tar',
      '-tzvf',
      join(root, 'one'),
      '--numeric-owner',
      '--utc',
      '--full-time',
    ]).stdout.toString();
    expect(listed.split('\n').map((line) => line.replace(/\s+/g, ' '))).toEqual([
      '-rw-r--r-- 0/0 1 1970-01-01 00:16:40 a',
      'drwxr-xr-x 0/0 0 1970-01-01 00:16:40 b/',
      '-rw-r--r-- 0/0 4 1970-01-01 00:16:40 b/f',
      '-rw------- 0/0 0 1970-01-01 00:16:40 .wh.gone',
      'hrw-r--r-- 0/0 0 1970-01-01 00:16:40 z link to a',
      '',
    ]);
    expect(statSync(join(upper, 'b')).mtimeMs).toBe(1_000_000);
  });
});

test('work that is cancelled ends before its files are given back, and leaves no descriptor open', async () => {
  const open = (): number => readdirSync('/proc/self/fd').length;
  const run = async (): Promise<string> => {
    const cancelling = new AbortController();
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      yield tarHeader({ name: 'f', type: 'file', size: 2 ** 40 });
      for (let sent = 0; ; sent++) {
        if (sent === 20) cancelling.abort(new Error('the client left'));
        yield new Uint8Array(64 * 1024);
      }
    };
    const pack = join(root, `cancelled${++packs}`);
    return await failure(files.scanContext(pack, endless(), cancelling.signal));
  };
  expect(await run()).toBe('Error: the client left');
  await Bun.sleep(100);
  const before = open();
  for (let n = 0; n < 5; n++) await run();
  const deadline = Date.now() + 5000;
  while (open() > before && Date.now() < deadline) await Bun.sleep(20);
  expect(open()).toBeLessThanOrEqual(before);
});

test('a thread that fails takes its mounts along, and the next work finds a clean one', async () => {
  const missing = { kind: 'file', path: '/none', name: 'n' } as const;
  expect(await failure(place(folder(), folder(), { sources: [missing], destination: '/' }))).toContain('ENOENT');
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(root);
  expect(
    (await files.index({ kind: 'folder', path: folder({ f: 'x' }) }, ['/f'], { hash: false }, signal)).length,
  ).toBe(1);
});
