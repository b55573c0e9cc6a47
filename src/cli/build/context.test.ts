import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createTarParser } from '../../lib/tar/parser.ts';
import { folderContext, isRemote, type SentContext, stdinContext } from './context.ts';

const root = mkdtempSync(join(tmpdir(), 'skiff-context-'));
afterAll(() => rmSync(root, { recursive: true }));

function folder(name: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true });
    writeFileSync(join(root, name, path), text);
  }
  return join(root, name);
}

async function namesIn({ archive }: SentContext): Promise<readonly string[]> {
  const names: string[] = [];
  const parser = createTarParser({
    entry: (header) => void names.push(`${header.name}${header.uid === 0 ? '' : ' not of root'}`),
    data: () => undefined,
    hole: () => undefined,
    entryEnd: () => undefined,
  });
  for await (const chunk of archive) parser.write(chunk);
  parser.end();
  return names.sort();
}

test('a folder is sent without what its .dockerignore names, but with the Dockerfile', async () => {
  const files = { Dockerfile: 'FROM x', a: '', 'sub/b': '', 'sub/c.log': '', 'out/d': '', 'out/keep': '' };
  const context = folderContext(
    folder('one', { ...files, '.dockerignore': 'Dockerfile\n**/*.log\nout\n!out/keep\n' }),
    '',
    undefined,
  );
  expect(context.dockerfile).toBe('Dockerfile');
  expect(await namesIn(context)).toEqual(['.dockerignore', 'Dockerfile', 'a', 'out/', 'out/keep', 'sub/', 'sub/b']);
});

test('an ignore file of the Dockerfile itself counts instead', async () => {
  const path = folder('two', {
    'web.Dockerfile': 'FROM x',
    a: '',
    b: '',
    '.dockerignore': 'a',
    'web.Dockerfile.dockerignore': 'b',
  });
  const context = folderContext(path, join(path, 'web.Dockerfile'), undefined);
  expect(context.dockerfile).toBe('web.Dockerfile');
  expect(await namesIn(context)).toEqual(['.dockerignore', 'a', 'web.Dockerfile', 'web.Dockerfile.dockerignore']);
});

test('a Dockerfile from elsewhere, or from standard input, is added under a name of its own', async () => {
  const path = folder('three', { a: '' });
  const elsewhere = join(folder('four', { Other: 'FROM x' }), 'Other');
  for (const context of [folderContext(path, elsewhere, undefined), folderContext(path, '-', Buffer.from('FROM x'))])
    expect([context.dockerfile, await namesIn(context)]).toEqual(['.dockerfile.skiff', ['.dockerfile.skiff', 'a']]);
});

test('what is not there is told in the words of docker', () => {
  expect(() => folderContext(join(root, 'nowhere'), '', undefined)).toThrow('unable to prepare context: path');
  expect(() => folderContext(folder('five', { a: '' }), '', undefined)).toThrow(
    'unable to evaluate symlinks in Dockerfile path',
  );
});

test('standard input is an archive or a Dockerfile', async () => {
  expect(await namesIn(stdinContext(Buffer.from('FROM x\n'), ''))).toEqual(['Dockerfile']);
  const gzip = Buffer.from('1f8b0800', 'hex');
  expect(stdinContext(gzip, 'D').dockerfile).toBe('D');
  expect(() => stdinContext(Buffer.alloc(0), '')).toThrow('empty');
});

test('addresses are told from folders', () => {
  expect(['https://x/y.git', 'git@host:x', 'github.com/a/b', './x', 'x'].map(isRemote)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
