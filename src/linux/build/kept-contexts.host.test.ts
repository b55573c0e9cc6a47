import { afterAll, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createKeptContexts } from './kept-contexts.host.ts';
import type { KeptContext, KeptContexts } from './kept-contexts.ts';

const top = mkdtempSync('/tmp/skiff-kept-');
afterAll(() => rmSync(top, { recursive: true, force: true }));
let roots = 0;

function openRoot(maxBytes = 1e9): { readonly root: string; readonly again: () => KeptContexts } {
  const root = join(top, String(++roots));
  const report = (what: string, error: unknown): never => {
    throw new Error(`${what}: ${String(error)}`);
  };
  return { root, again: () => createKeptContexts({ root, maxBytes, report }) };
}

async function add(
  context: KeptContext,
  path: string,
  stamp: string,
  text: string | Buffer,
  attributes = '',
): Promise<string> {
  const content = (async function* () {
    yield Buffer.from(text);
  })();
  return (await context.add(path, stamp, { attributes, content })).hash;
}

function text(context: KeptContext, path: string, stamp: string): string | undefined {
  const found = context.find(path, stamp);
  return found && readFileSync(context.pack()).toString('utf8', found.offset, found.offset + found.size);
}

function folderOf(root: string): string {
  return join(root, readdirSync(root).find((name) => name !== 'extra') ?? '');
}

test('contents are there for the next build, also of the next daemon, as long as the stamp is the same', async () => {
  const { again } = openRoot();
  {
    using context = again().open('k');
    expect(await add(context, '/a', '1', 'one')).toBe(createHash('sha256').update('one').digest('hex'));
    await add(context, '/b', '1', 'two', 'of b');
    await add(context, '/a', '2', 'three');
    await add(context, '/empty', '1', '');
    expect([text(context, '/a', '1'), text(context, '/a', '2')]).toEqual([undefined, 'three']);
  }
  const kept = again();
  {
    using context = kept.open('k');
    expect([context.find('/a', '2')?.xattrs, context.find('/b', '1')?.xattrs]).toEqual(['', 'of b']);
    expect(['/a', '/b', '/empty'].map((path) => text(context, path, path === '/a' ? '2' : '1'))).toEqual([
      'three',
      'two',
      '',
    ]);
    context.keepOnly(new Set(['/b']));
  }
  using context = kept.open('k');
  expect([text(context, '/a', '2'), text(context, '/b', '1')]).toEqual([undefined, 'two']);
  using other = kept.open('other');
  expect(other.find('/b', '1')).toBeUndefined();
});

test('a second build at the same time has one of its own, which is not kept', async () => {
  const { root, again } = openRoot();
  const kept = again();
  using first = kept.open('k');
  await add(first, '/a', '1', 'first');
  {
    using second = kept.open('k');
    expect(second.find('/a', '1')).toBeUndefined();
    await add(second, '/a', '1', 'second');
    expect(text(second, '/a', '1')).toBe('second');
  }
  {
    using unnamed = kept.open('');
    await add(unnamed, '/a', '1', 'x');
  }
  expect([text(first, '/a', '1'), readdirSync(join(root, 'extra')), readdirSync(root).length]).toEqual([
    'first',
    [],
    2,
  ]);
});

test('what another run of the machine wrote, or what is cut off or broken, is not believed', async () => {
  const damages: readonly ((folder: string) => void)[] = [
    (folder) => {
      const index = readFileSync(join(folder, 'index'), 'utf8');
      writeFileSync(join(folder, 'index'), index.replace(/"boot":"[^"]*"/, '"boot":"other"'));
    },
    (folder) => truncateSync(join(folder, 'pack'), 2),
    (folder) => truncateSync(join(folder, 'index'), 10),
    (folder) => rmSync(join(folder, 'index')),
  ];
  for (const damage of damages) {
    const { root, again } = openRoot();
    {
      using context = again().open('k');
      await add(context, '/a', '1', 'content');
    }
    damage(folderOf(root));
    using context = again().open('k');
    expect(context.find('/a', '1')).toBeUndefined();
    await add(context, '/a', '1', 'anew');
    expect(text(context, '/a', '1')).toBe('anew');
  }
});

test('what cannot be kept is told of, and gives its place back', async () => {
  const { root } = openRoot();
  const told: string[] = [];
  const kept = createKeptContexts({ root, maxBytes: 1e9, report: (what) => void told.push(what) });
  {
    using context = kept.open('k');
    await add(context, '/a', '1', 'content');
    mkdirSync(join(folderOf(root), 'index.new'));
  }
  const open = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // the one that lists them
    }
  });
  expect([told, readdirSync(root), open.filter((path) => path.startsWith(root))]).toEqual([
    ['keeping a build context'],
    ['extra'],
    [],
  ]);
});

test('contents of files that changed do not fill the disk', async () => {
  const { root, again } = openRoot();
  const kept = again();
  const large = (value: number): Buffer => Buffer.alloc(9_000_000, value);
  for (let round = 1; round <= 5; round++) {
    using context = kept.open('k');
    await add(context, '/large', String(round), large(round));
    if (round === 1) await add(context, '/small', '1', 'small');
  }
  expect(statSync(join(folderOf(root), 'pack')).size).toBeLessThan(30_000_000);
  using context = again().open('k');
  expect([text(context, '/small', '1'), text(context, '/large', '5')]).toEqual(['small', large(5).toString()]);
});

test('contexts that were not used for longest go when all take too much', async () => {
  const { root, again } = openRoot(2500);
  const kept = again();
  for (const [age, key] of ['a', 'b', 'c'].entries()) {
    {
      using context = kept.open(key);
      await add(context, '/f', '1', Buffer.alloc(1000));
    }
    for (const name of readdirSync(root).filter((known) => known !== 'extra')) {
      const index = join(root, name, 'index');
      if (statSync(index).mtimeMs > 1e12) utimesSync(index, age, age);
    }
  }
  {
    using fourth = kept.open('d');
    expect(fourth.find('/f', '1')).toBeUndefined();
  }
  expect(readdirSync(root).length).toBe(4);
  using first = kept.open('a');
  using last = kept.open('c');
  expect([first.find('/f', '1'), last.find('/f', '1')?.size]).toEqual([undefined, 1000]);
  expect(existsSync(join(root, 'extra'))).toBe(true);
});

test('what is kept is listed, and can be removed while no build has it', async () => {
  const { again } = openRoot();
  const kept = again();
  {
    using context = kept.open('k');
    await add(context, '/f', '1', Buffer.alloc(1000));
    const [listed] = kept.list();
    expect(listed).toMatchObject({ inUse: true });
    kept.remove(listed?.name ?? '');
  }
  const [listed] = kept.list();
  expect([listed?.inUse, (listed?.bytes ?? 0) > 1000]).toEqual([false, true]);
  for (const name of ['extra', '..', '']) kept.remove(name);
  expect(kept.list()).toHaveLength(1);
  kept.remove(listed?.name ?? '');
  expect(kept.list()).toEqual([]);
});
