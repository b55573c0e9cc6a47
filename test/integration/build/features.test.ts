/** What Dockerfiles can say since BuildKit, by the classic endpoint of a daemon of ours. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { buildFolder } from './build-folder.ts';

let daemon: TestDaemon;
let folders = 0;

beforeAll(async () => {
  daemon = await startDaemon();
}, 120_000);
afterAll(async () => await daemon.stop(), 120_000);

function contextOf(files: Readonly<Record<string, string>>): string {
  const folder = join(daemon.root, `features-${++folders}`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** What the build tells; it must work. */
async function built(
  files: Readonly<Record<string, string>>,
  query: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { text, error } = await buildFolder(daemon, contextOf(files), query);
  expect([error, text]).toEqual([undefined, expect.any(String)]);
  return text;
}

/** Output of a command in an image. */
async function inImage(image: string, command: string): Promise<string> {
  return await daemon.ok(['run', '--rm', image, 'sh', '-c', command]);
}

describe('RUN', () => {
  test('binds of the context, a stage and an image; what is written there is dropped', async () => {
    await built(
      {
        Dockerfile: `FROM busybox AS one
RUN echo made > /made
FROM busybox
RUN --mount=target=/c,rw --mount=from=one,source=/made,target=/m/file --mount=from=busybox,source=/bin,target=/b,ro \\
  cat /c/f /m/file > /out && echo gone > /c/new && ls /b/sh && ! touch /b/x 2>/dev/null
RUN --mount=target=/c ! test -e /c/new && ! touch /c/x 2>/dev/null
`,
        f: 'text ',
      },
      { t: 'binds' },
    );
    expect(await inImage('binds', 'cat /out; ls -d /c /b /m 2>/dev/null || true')).toBe('text made');
  }, 60_000);

  test('cache mounts keep their files over builds and daemons, and none of them is in the image', async () => {
    const step = (name: string): string =>
      `FROM busybox\nRUN --mount=type=cache,id=c,target=/cache,mode=0711,uid=5 ls /cache > /seen; stat -c '%a %u' /cache >> /seen; touch /cache/${name}\n`;
    await built({ Dockerfile: step('one') }, { t: 'cached:1' });
    await daemon.restart();
    await built({ Dockerfile: step('two') }, { t: 'cached:2' });
    expect(await inImage('cached:1', 'cat /seen; test ! -e /cache')).toBe('711 5');
    expect(await inImage('cached:2', 'cat /seen; test ! -e /cache')).toBe('one\n711 5');
  }, 60_000);

  test('scripts, tmpfs, no network, and exactly the environment of the stage', async () => {
    await built(
      {
        Dockerfile: `FROM busybox
ENV A=1
ARG B=2
RUN <<EOF
#!/bin/sh
echo "$A $B $0" > /script
EOF
RUN --mount=type=tmpfs,target=/t,size=1m df -k /t | tail -1 | awk '{print $2}' > /size && touch /t/x
RUN --network=none ip -o link | wc -l > /links
`,
      },
      { t: 'runs' },
    );
    expect(await inImage('runs', 'cat /script /size /links; test ! -e /t')).toBe('1 2 /dev/pipes/EOF\n1024\n1');
  }, 60_000);
});

describe('COPY', () => {
  test('excludes, parents with a pivot, links, modes by symbols', async () => {
    await built(
      {
        Dockerfile: `FROM busybox
COPY --exclude=*.log --exclude=sub/skip src /a/
COPY --parents src/./sub/*/x other/**/y /p/
COPY --link src/one.txt /linked/deep/
COPY --chmod=u=rwX,go= src /m/
`,
        'src/one.txt': '1',
        'src/two.log': '2',
        'src/sub/keep/x': '3',
        'src/sub/skip/x': '4',
        'other/a/b/y': '5',
        'other/z': '6',
      },
      { t: 'copies' },
    );
    const list = (folder: string): string => `cd ${folder} && find . -type f | sort | tr '\\n' ' '`;
    expect(await inImage('copies', list('/a'))).toBe('./one.txt ./sub/keep/x ');
    expect(await inImage('copies', list('/p'))).toBe('./other/a/b/y ./sub/keep/x ./sub/skip/x ');
    expect(await inImage('copies', list('/linked'))).toBe('./deep/one.txt ');
    expect(await inImage('copies', "stat -c '%a' /m/sub /m/one.txt")).toBe('700\n600');
  }, 60_000);

  test('a linked copy stays in the cache when the stage below it changes', async () => {
    const dockerfile = (text: string): string => `FROM busybox\nRUN echo ${text}\nCOPY --link f /f\n`;
    await built({ Dockerfile: dockerfile('one'), f: 'x' });
    const again = await built({ Dockerfile: dockerfile('two'), f: 'x' }, { t: 'relinked' });
    expect(again).toMatch(/COPY --link f \/f\n ---> Using cache/);
    expect(await inImage('relinked', 'cat /f')).toBe('x');
  }, 60_000);

  test('links of the context and of a stage are followed where they are named, and never out of their tree', async () => {
    const folder = contextOf({
      Dockerfile: `FROM busybox AS one
RUN mkdir /real && echo r > /real/f && ln -s /real /link && ln -s /etc/passwd /real/out
FROM busybox
COPY --from=one /link/f /x/
COPY --from=one /link /y/
COPY soft /z/
`,
      target: 't',
    });
    symlinkSync('target', join(folder, 'soft'));
    const { error } = await buildFolder(daemon, folder, { t: 'links' });
    expect(error).toBeUndefined();
    expect(await inImage('links', 'cat /x/f /z/soft; readlink /y/out')).toBe('r\nt/etc/passwd');
  }, 60_000);

  test('sources that lie in each other, an archive among files, and a folder that a link names are taken out of what was sent', async () => {
    const folder = contextOf({
      Dockerfile: `FROM busybox
COPY a/b a /dst/
ADD x.tgz a/one /added/
RUN --mount=source=l,target=/m --mount=source=a/one,target=/one cd /m && cp -r . /mounted && cat /one > /mounted/one
`,
      'a/one': '1',
      'a/b/deep/two': '2',
    });
    symlinkSync('a/b', join(folder, 'l'));
    expect(Bun.spawnSync(['tar', '-C', join(folder, 'a'), '-czf', join(folder, 'x.tgz'), 'b']).exitCode).toBe(0);
    expect((await buildFolder(daemon, folder, { t: 'out-of-pack' })).error).toBeUndefined();
    expect(await inImage('out-of-pack', 'find /dst /added /mounted -type f | sort | xargs grep ""')).toBe(
      [
        '/added/b/deep/two:2',
        '/added/one:1',
        '/dst/b/deep/two:2',
        '/dst/deep/two:2',
        '/dst/one:1',
        '/mounted/deep/two:2',
        '/mounted/one:1',
      ].join('\n'),
    );
  }, 60_000);

  test('a wildcard that matches nothing copies nothing', async () => {
    await built({ Dockerfile: 'FROM busybox\nCOPY nothing* /d/\n' }, { t: 'empty' });
  }, 60_000);
});

describe('two builds', () => {
  test('with SOURCE_DATE_EPOCH on two data roots give the same image', async () => {
    const files = {
      Dockerfile:
        'FROM busybox\nARG SOURCE_DATE_EPOCH\nWORKDIR /w\nCOPY . .\nRUN mkdir -p a/b && echo x > a/b/c && ln -s c a/b/d\n',
      f: 'x',
      'g/h': 'y',
    };
    const query = { buildargs: JSON.stringify({ SOURCE_DATE_EPOCH: '1000000000' }) };
    const one = await buildFolder(daemon, contextOf(files), query);
    await using other = await startDaemon();
    const two = await buildFolder(other, contextOf(files), query);
    expect([one.id, one.error]).toEqual([two.id, undefined]);
    const times = await daemon.ok(['history', '--format', '{{.CreatedAt}}', one.id ?? '']);
    expect(
      times
        .split('\n')
        .slice(0, 4)
        .every((time) => time.startsWith('2001-09-0')),
    ).toBe(true);
  }, 120_000);

  test('at the same time run an identical step once', async () => {
    const dockerfile = `FROM busybox\nRUN --mount=type=cache,id=once,target=/c echo run >> /c/log; sleep 1\n`;
    await Promise.all([1, 2, 3].map(async () => await built({ Dockerfile: dockerfile })));
    const seen = await built({
      Dockerfile: 'FROM busybox\nRUN --mount=type=cache,id=once,target=/c wc -l < /c/log\n',
    });
    expect(seen).toContain('\n1\n');
  }, 60_000);

  test('stages that do not need each other go on side by side', async () => {
    // each waits for the other: one after the other they would never end
    const wait = (mine: string, other: string): string =>
      `FROM busybox AS ${mine}\nRUN --mount=type=cache,id=meet,target=/c touch /c/${mine} && until test -e /c/${other}; do sleep 0.1; done && touch /${mine}\n`;
    await built({
      Dockerfile: `${wait('left', 'right')}${wait('right', 'left')}FROM busybox\nCOPY --from=left /left /\nCOPY --from=right /right /\n`,
    });
  }, 60_000);
});

test('pruning gives back what no image needs, and the next build makes it anew', async () => {
  await built(
    { Dockerfile: 'FROM busybox AS unused\nRUN echo prune > /p\nFROM scratch\nCOPY --from=unused /p /q\n' },
    { t: 'pruned' },
  );
  const prune = async (query: string): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }> => {
    const url = `http://localhost/v1.51/build/prune${query}`;
    const answer = await fetch(url, { method: 'POST', unix: daemon.socket });
    return (await answer.json()) as { CachesDeleted: string[]; SpaceReclaimed: number };
  };
  const first = await prune('');
  expect(first.CachesDeleted.length).toBeGreaterThan(0);
  expect(first.SpaceReclaimed).toBeGreaterThan(0);
  expect((await prune('?all=1')).CachesDeleted.length).toBeGreaterThan(0);
  expect((await prune('?all=1')).CachesDeleted).toEqual([]);
  const again = await built({
    Dockerfile: 'FROM busybox AS unused\nRUN echo prune > /p\nFROM scratch\nCOPY --from=unused /p /q\n',
  });
  expect(again).not.toContain('Using cache');
}, 60_000);

test('a hostile context harms nothing', async () => {
  const outside = mkdtempSync(join(daemon.root, 'outside-'));
  const folder = contextOf({ Dockerfile: 'FROM busybox\nCOPY link/evil /e\n' });
  symlinkSync(outside, join(folder, 'link'));
  writeFileSync(join(outside, 'evil'), 'secret');
  const { error } = await buildFolder(daemon, folder, {});
  expect(error).toContain('file does not exist');
}, 60_000);
