import { afterAll, beforeAll, describe, expect, setSystemTime, test } from 'bun:test';
import type { DataRootAccount } from '../../api/types/system.ts';
import { parseEndpoint } from '../../client/endpoint.ts';
import { formatQuery } from '../../client/engine-api.ts';
import { messageOf } from '../../lib/errors.ts';
import { parseFlags } from '../../lib/flags/parse.ts';
import type { CommandContext } from '../command.ts';
import { resolveCommand } from '../commands/table.ts';
import { formatAccount } from './explain-text.ts';
import golden from './usage.golden.json';

/** Made by scripts/record-usage.ts: docker 28.2.2 on a socket that gives these answers, at the time `now`. */
const SETS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = golden.sets;

async function run(set: string, argv: readonly string[]) {
  let [stdout, stderr] = ['', ''];
  const asked: string[] = [];
  const unused = (): never => {
    throw new Error('not used');
  };
  const context: CommandContext = {
    api: {
      endpoint: parseEndpoint(''),
      version: '1.50',
      send: unused,
      call: unused,
      json: async <T>(method: string, path: string, request?: { readonly query?: object }) => {
        asked.push(told(method, path, formatQuery(request?.query as never)));
        return SETS[set]?.[path] as T;
      },
    },
    out: (text) => {
      stdout += String(text);
    },
    err: (text) => {
      stderr += String(text);
    },
    config: { path: '', raw: {}, contextName: 'default', debug: false },
  };
  const found = resolveCommand(argv);
  const command = await found.row?.load();
  if (command === undefined) throw new Error(`no such command: ${argv.join(' ')}`);
  try {
    const status = await command.run(context, parseFlags(command.flags, found.rest, command.interspersed ?? true));
    return { status, stdout, stderr, asked };
  } catch (error) {
    return { status: 1, stdout, stderr: `${stderr}${messageOf(error)}\n`, asked };
  }
}

/** Empty parameters are none; the keys of filters are in no order. */
function told(method: string, path: string, query: string): string {
  const given = [...new URLSearchParams(query)].filter(([, value]) => value !== '');
  const sorted = given.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, plain(key, value)]);
  return `${method} ${path} ${JSON.stringify(Object.fromEntries(sorted))}`;
}

function plain(key: string, value: string): unknown {
  if (key !== 'filters') return value;
  return Object.fromEntries(Object.entries(JSON.parse(value) as object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function expectedRequest(line: string): string {
  const [method = '', path = '', ...query] = line.split(' ');
  return told(method, path, new URLSearchParams(JSON.parse(query.join(' ')) as Record<string, string>).toString());
}

describe('usage and prunes are told as docker tells them, after the same requests', () => {
  beforeAll(() => {
    setSystemTime(golden.now);
  });
  afterAll(() => {
    setSystemTime();
  });
  for (const { set, argv, stdout, stderr, status, asked } of golden.cases) {
    const text = stderr.endsWith('\n\n') ? stderr.slice(0, -1) : stderr;
    test(`${set}: docker ${argv.join(' ')}`, async () =>
      expect(await run(set, argv)).toEqual({ status, stdout, stderr: text, asked: asked.map(expectedRequest) }));
  }
});

const ACCOUNT: DataRootAccount = {
  Path: '/d',
  Parts: [
    {
      Part: 'Image blobs',
      ShownAs: 'Images',
      Files: 2,
      Folders: 0,
      FileBytes: 3000,
      ApparentBytes: 3000,
      DiskBytes: 8192,
    },
    { Part: 'Container logs', ShownAs: '', Files: 1, Folders: 1, FileBytes: 10, ApparentBytes: 4106, DiskBytes: 8192 },
  ],
  Items: [
    {
      Path: 'a',
      Part: 'Image blobs',
      Owner: 'x:1',
      Files: 2,
      Folders: 0,
      FileBytes: 3000,
      ApparentBytes: 3000,
      DiskBytes: 8192,
    },
    {
      Path: 'b',
      Part: 'Container logs',
      Owner: '',
      Files: 1,
      Folders: 1,
      FileBytes: 10,
      ApparentBytes: 4106,
      DiskBytes: 9000,
    },
  ],
  Du: { ApparentBytes: 7106, DiskBytes: 20480 },
};

test('an account of the data root adds up its parts, and tells what du says beside it', () => {
  expect(formatAccount(ACCOUNT, { items: true })).toBe(`Data root: /d

PART             IN DF AS   FILES     FOLDERS   SIZE      ON DISK
Image blobs      Images     2         0         3kB       8.192kB
Container logs   -          1         1         10B       8.192kB
Total                       3         1         3.01kB    16.38kB

Files that docker system df counts     3kB
Files that it has no line for          10B
Folders themselves                     4.096kB
Blocks beyond that (negative: holes)   9.278kB
On disk                                16.38kB

BYTES                   DU SAYS   COUNTED   DIFFERENCE
du -s --apparent-size   7106      7106      0
du -s                   20480     16384     4096

ON DISK   SIZE      PART             PATH      OF
9kB       10B       Container logs   b         -
8.192kB   3kB       Image blobs      a         x:1
`);
});

test('a du that does not answer is told of', () => {
  expect(formatAccount({ ...ACCOUNT, Du: { Error: 'no such program' } }, { items: false })).toContain(
    'du does not say: no such program',
  );
});
