/** What a COPY takes from another stage is known by its content: a stage that gives the same again disturbs nobody. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { CacheExport, CacheImport } from '../../../src/engine/build/request.ts';
import { startEngine, type TestBuild, type TestEngine } from './in-process.ts';

let box: TestEngine;

beforeAll(async () => {
  box = await startEngine('skk');
}, 120_000);
afterAll(async () => await box.stop(), 120_000);

const ran = ({ events }: TestBuild): readonly string[] => {
  const names = new Map(
    events.flatMap((event) =>
      event.kind === 'started' && event.vertex.role !== 'base' ? [[event.vertex.id, event.vertex.name]] : [],
    ),
  );
  return events.flatMap((event) => (event.kind === 'completed' ? [names.get(event.id) ?? '?'] : [])).toSorted();
};

const dockerfile = (change: string, more = '', owner = '0:0'): string =>
  `FROM busybox AS tool\nRUN : ${change}; echo same > /t; echo ${change} > /other; chown ${owner} /t; touch -d @1000 /t\nFROM tool AS second\n${more}FROM busybox\nCOPY --from=second /t /t\nRUN head -c 16 /dev/urandom | md5sum > /r\nENV A=1\nRUN echo end > /e\n`;

test('the steps after it stay when the stage was made anew and gives the same files', async () => {
  const first = await box.build({ Dockerfile: dockerfile('1') });
  expect(ran(first)).toHaveLength(4);
  const second = await box.build({ Dockerfile: dockerfile('2') });
  expect([second.error, ran(second)]).toEqual([undefined, [expect.stringContaining('RUN : 2;')]]);
  expect(second.result?.imageId).toBe(first.result?.imageId ?? '');
  // and then all of it is known before anything runs
  const third = await box.build({ Dockerfile: dockerfile('2') });
  expect([ran(third), third.result?.imageId]).toEqual([[], first.result?.imageId]);
}, 60_000);

test('another owner, mode or content is another file', async () => {
  await box.build({ Dockerfile: dockerfile('a') });
  expect(ran(await box.build({ Dockerfile: dockerfile('b', '', '5:6') }))).toHaveLength(4);
  expect(ran(await box.build({ Dockerfile: dockerfile('a', 'RUN chmod 600 /t\n') }))).toHaveLength(4);
  expect(ran(await box.build({ Dockerfile: dockerfile('a', 'RUN echo more >> /t\n') }))).toHaveLength(4);
}, 60_000);

test('a stage that is to be done anew is, and what it gives now counts', async () => {
  const text =
    'FROM busybox AS Random\nRUN head -c 16 /dev/urandom | md5sum > /n; echo fixed > /f\nFROM busybox\nCOPY --from=random /f /f\nRUN echo after > /a\nCOPY --from=random /n /n\n';
  const first = await box.build({ Dockerfile: text });
  const again = await box.build({ Dockerfile: text }, { noCache: ['random'] });
  expect(ran(again)).toEqual([
    'COPY --from=random /n /n',
    'RUN head -c 16 /dev/urandom | md5sum > /n; echo fixed > /f',
  ]);
  expect(again.result?.imageId).not.toBe(first.result?.imageId ?? '');
  const kept = await box.build({ Dockerfile: text });
  expect([ran(kept), kept.result?.imageId]).toEqual([[], again.result?.imageId]);
}, 60_000);

test('a reason names the file that has changed', async () => {
  const text = (content: string): string =>
    `FROM busybox AS t\nRUN mkdir /d; echo 1 > /d/x; echo ${content} > /d/y\nFROM busybox AS reasons\nCOPY --from=t /d /d\n`;
  await box.build({ Dockerfile: text('1') });
  const events: string[] = [];
  const { events: told } = await box.build({ Dockerfile: text('2') }, {});
  for (const event of told) if (event.kind === 'explained') events.push(event.miss.input);
  expect(events).toContain('file y');
}, 60_000);

test('keys by content go along with a cache that is exported', async () => {
  const to: CacheExport = { kind: 'local', mode: 'max', tag: '', imageManifest: true, ignoreError: false };
  const made = await box.build({ Dockerfile: dockerfile('1') }, { cacheTo: [to] });
  const archive = made.caches.get(0) ?? Buffer.alloc(0);
  const open = async () => once(archive);
  const from: CacheImport = { kind: 'local', tag: '', digest: '', open };
  const fresh = await startEngine('skl');
  try {
    expect(ran(await fresh.build({ Dockerfile: dockerfile('1') }, { cacheFrom: [from] }))).toEqual([]);
  } finally {
    await fresh.stop();
  }
}, 60_000);

test('several files to a path without a slash replace one another, as BuildKit has it', async () => {
  const { error, received } = await box.build(
    { Dockerfile: 'FROM scratch\nCOPY a b /x\n', a: 'A', b: 'B' },
    { outputs: [{ kind: 'tar', platformSplit: undefined }] },
  );
  const text = Bun.spawnSync(['tar', '-x', '-O', 'x'], { stdin: received.get(0) ?? Buffer.alloc(0) }).stdout.toString();
  expect([error, text]).toEqual([undefined, 'B']);
}, 60_000);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('--parents takes from a stage what its paths name, with the folders above', async () => {
  const { error, received } = await box.build(
    {
      Dockerfile:
        'FROM busybox AS s\nRUN mkdir -p /q/r/s /q/t && echo 1 > /q/r/s/f && echo 2 > /q/t/g && ln -s /q/t /q/l\nFROM scratch\nCOPY --parents --from=s /q/*/s/f /q/./t/g /q/l/../r/./s /out/\n',
    },
    { outputs: [{ kind: 'tar', platformSplit: undefined }] },
  );
  const listed = Bun.spawnSync(['tar', '-t'], { stdin: received.get(0) ?? Buffer.alloc(0) }).stdout.toString();
  expect([error, listed.split('\n').filter((name) => /[^/]$/.test(name))]).toEqual([
    undefined,
    ['out/q/r/s/f', 'out/s/f', 'out/t/g'],
  ]);
  const missing = await box.build({
    Dockerfile: 'FROM busybox AS s\nFROM scratch\nCOPY --parents --from=s /bin/none /out/\n',
  });
  expect(missing.error).toContain('stat bin/none');
}, 60_000);
