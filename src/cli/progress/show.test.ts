import { describe, expect, test } from 'bun:test';
import { formatBar } from './bar.ts';
import { showProgress } from './show.ts';

async function* chunksOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function shown(terminal: boolean, messages: readonly object[]): Promise<string> {
  let text = '';
  const body = chunksOf(messages.map((message) => `${JSON.stringify(message)}\r\n`).join(''));
  await showProgress(
    body,
    (part) => {
      text += part;
    },
    { terminal, width: 120 },
  );
  return text;
}

const PULL = [
  { status: 'Pulling from library/x', id: 'latest' },
  { status: 'Pulling fs layer', progressDetail: {}, id: 'aaa' },
  { status: 'Pulling fs layer', progressDetail: {}, id: 'bbb' },
  { status: 'Downloading', progressDetail: { current: 500, total: 1000 }, id: 'aaa' },
  { status: 'Pull complete', progressDetail: {}, id: 'aaa' },
  { status: 'Digest: sha256:1' },
];

describe('showProgress', () => {
  test('leaves bars out where there is no terminal', async () => {
    expect(await shown(false, PULL)).toBe(
      'latest: Pulling from library/x\naaa: Pulling fs layer\nbbb: Pulling fs layer\naaa: Pull complete\nDigest: sha256:1\n',
    );
  });

  test('rewrites the line of an id on a terminal', async () => {
    const bar = `[${'='.repeat(25)}>${' '.repeat(25)}]     500B/1kB`;
    expect(await shown(true, PULL)).toBe(
      'latest: Pulling from library/x\n' +
        '\n\x1b[1A\x1b[2K\raaa: Pulling fs layer \r\x1b[1B' +
        '\n\x1b[1A\x1b[2K\rbbb: Pulling fs layer \r\x1b[1B' +
        `\x1b[2A\x1b[2K\raaa: Downloading ${bar}\r\x1b[2B` +
        '\x1b[2A\x1b[2K\raaa: Pull complete \r\x1b[2B' +
        'Digest: sha256:1\n',
    );
  });

  test("throws the stream's error with its message, after what came before it", async () => {
    const failing = shown(false, [
      { status: 'a' },
      { errorDetail: { message: 'no space left' }, error: 'no space left' },
    ]);
    await expect(failing).rejects.toThrow('no space left');
  });

  test('reads messages cut anywhere', async () => {
    let text = '';
    await showProgress(
      chunksOf('{"stre', 'am":"Loaded é', '\\n"}\n{"stream":"x"}'),
      (part) => {
        text += part;
      },
      { terminal: false, width: 80 },
    );
    expect(text).toBe('Loaded é\nx');
  });

  test('gives what comes beside the text to its taker and shows nothing of it', async () => {
    const taken: unknown[] = [];
    let text = '';
    await showProgress(
      chunksOf('{"aux":{"ID":"sha256:1"}}\n'),
      (part) => {
        text += part;
      },
      { terminal: true, width: 80, onAux: (aux) => taken.push(aux) },
    );
    expect([text, taken]).toEqual(['', [{ ID: 'sha256:1' }]]);
  });
});

describe('formatBar', () => {
  const cases: readonly (readonly [object, number, string])[] = [
    [{}, 200, ''],
    [{ current: 1 }, 200, '      1B'],
    [{ current: 3, units: 'items' }, 200, '3 items'],
    [{ current: 50, total: 100 }, 80, '     50B/100B'],
    [{ current: 70, total: 50 }, 100, '     70B'],
    [{ current: 2, total: 4, units: 'things' }, 80, '2/4 things'],
    [{ current: 2, total: 4, hidecounts: true }, 80, ''],
    [{ current: 20, total: 100, start: 1 }, 80, '     20B/100B 40s'],
  ];
  for (const [detail, width, expected] of cases) {
    test(`${JSON.stringify(detail)} in ${width} columns`, () =>
      expect(formatBar(detail, width, 11_000)).toBe(expected));
  }
});
