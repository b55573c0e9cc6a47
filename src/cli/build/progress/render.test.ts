import { describe, expect, test } from 'bun:test';
import type { ProgressEvent, Vertex } from '../../../engine/build/progress.ts';
import { createPlain } from './plain.ts';
import { createRawJson } from './raw-json.ts';
import type { Renderer } from './solve-update.ts';
import { createTrace, secondsText } from './trace.ts';
import { createTty } from './tty.ts';

const START = Date.UTC(2026, 0, 1);

interface Scene {
  readonly clock: { nowMs: number };
  readonly trace: ReturnType<typeof createTrace>;
}

function scene(renderer: Renderer, clock = { nowMs: START }): Scene {
  return {
    clock,
    trace: createTrace(
      (update) => renderer.show(update),
      () => clock.nowMs,
    ),
  };
}

const started = (id: string, index: number, name: string, more: Partial<Vertex> = {}): ProgressEvent => ({
  kind: 'started',
  vertex: {
    id,
    name,
    stage: 'app',
    platform: '',
    role: 'step',
    base: '',
    triggers: 0,
    place: { stage: 'app', index, total: 10, reference: '', lines: { start: index, end: index } },
    ...more,
  },
});

const log = (id: string, text: string): ProgressEvent => ({ kind: 'log', id, stream: 'stdout', text });

/** A build of everything: bases, cached steps, two at once, a failure. */
function play({ clock, trace }: Scene): void {
  const dockerfile = trace.begin('[internal] load build definition from Dockerfile');
  dockerfile.status('transferring dockerfile:', 31, true);
  dockerfile.done();
  const base = { stage: '', index: 1, total: 3, reference: 'docker.io/library/b:1@sha256:aa', lines: undefined };
  trace.told(started('base', 1, 'FROM b:1', { role: 'base', place: base }));
  trace.told(started('conf', 0, 'ENV a=b', { role: 'config', place: undefined }));
  trace.told(started('c', 2, 'COPY . /src'));
  trace.told({ kind: 'cached', id: 'c' });
  trace.told(started('one', 3, 'RUN make \\\n  all'));
  clock.nowMs += 123;
  trace.told(log('one', 'first\nsec'));
  clock.nowMs += 1111;
  trace.told(log('one', 'ond\n10%\r20%\r\n'));
  trace.told(started('two', 10, 'RUN <<EOF\necho hi\nEOF'));
  trace.told(log('two', '\u001b[31mred\u001b[0m'));
  trace.told(log('one', 'last\n'));
  clock.nowMs += 500;
  trace.told({
    kind: 'failed',
    id: 'two',
    message: 'classic',
    command: { argv: ['/bin/sh', '-c', 'echo "hi"'], exitCode: 3 },
  });
  trace.end();
}

describe('plain', () => {
  test('numbers steps as they appear, says which one a line is of, and how each ended', () => {
    let text = '';
    const renderer = createPlain((more) => void (text += more));
    play(scene(renderer));
    renderer.finish();
    expect(text).toBe(`#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 31B done
#1 DONE 0.0s

#2 [1/3] FROM docker.io/library/b:1@sha256:aa
#2 DONE 0.0s

#3 [app  2/10] COPY . /src
#3 CACHED

#4 [app  3/10] RUN make all
#4 0.123 first
#4 1.234 second
#4 1.234 20%
#4 ...

#5 [app 10/10] RUN <<EOF (echo hi...)
#5 ...

#4 [app  3/10] RUN make all
#4 1.234 last
#4 ...

#5 [app 10/10] RUN <<EOF (echo hi...)
#5 0.500 \u001b[31mred\u001b[0m
#5 ERROR: process "/bin/sh -c echo \\"hi\\"" did not complete successfully: exit code: 3

#4 [app  3/10] RUN make all
#4 CANCELED

`);
  });

  test('tells of the layers of a pull when they are done, and of what was exported', () => {
    let text = '';
    const { trace, clock } = scene(createPlain((more) => void (text += more)));
    const pull = (message: object): void => trace.told({ kind: 'pull', message: { ...message } });
    pull({ status: 'Pulling from library/b', id: '1' });
    pull({ status: 'Downloading', id: 'aaa', progressDetail: { current: 10, total: 2000 } });
    pull({ status: 'Pull complete', id: 'aaa' });
    clock.nowMs += 2000;
    pull({ status: 'Status: Downloaded newer image for b:1' });
    trace.told({ kind: 'task', id: 'e', name: 'exporting to image' });
    trace.told({ kind: 'task-ended', id: 'e', error: undefined });
    trace.told({ kind: 'image', imageId: 'sha256:1234', names: ['a:1', 'host:5000/a:1', 'u/a:1'] });
    trace.told({ kind: 'task', id: 'p', name: 'pushing host:5000/a:1' });
    trace.told({ kind: 'task-ended', id: 'p', error: 'denied' });
    expect(text).toBe(`#1 [internal] pull library/b:1
#1 aaa done
#1 DONE 2.0s

#2 exporting to image
#2 writing image sha256:1234 done
#2 naming to docker.io/library/a:1 done
#2 naming to host:5000/a:1 done
#2 naming to docker.io/u/a:1 done
#2 DONE 0.0s

#3 pushing host:5000/a:1
#3 ERROR: denied
`);
  });
});

test('rawjson is a SolveStatus a line', () => {
  const lines: string[] = [];
  const renderer = createRawJson((line) => void lines.push(line));
  play(scene(renderer));
  expect(lines.every((line) => line.endsWith('\n'))).toBe(true);
  const objects = lines.map((line) => JSON.parse(line) as Record<string, readonly Record<string, unknown>[]>);
  expect(objects[0]).toEqual({
    vertexes: [
      {
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        name: '[internal] load build definition from Dockerfile',
        started: '2026-01-01T00:00:00.000Z',
      },
    ],
  });
  expect(objects.flatMap(({ logs = [] }) => logs)[0]).toEqual({
    vertex: 'sha256:one',
    stream: 1,
    data: Buffer.from('first\nsec').toString('base64'),
    timestamp: '2026-01-01T00:00:00.123Z',
  });
  expect(objects.flatMap(({ statuses = [] }) => statuses)[0]).toMatchObject({
    id: 'transferring dockerfile:',
    current: 31,
    completed: '2026-01-01T00:00:00.000Z',
  });
  const last = objects
    .flatMap(({ vertexes = [] }) => vertexes)
    .filter(({ digest }) => digest === 'sha256:two')
    .at(-1);
  expect(last).toMatchObject({ error: expect.stringContaining('exit code: 3'), completed: '2026-01-01T00:00:01.734Z' });
  expect(objects.flatMap(({ vertexes = [] }) => vertexes).find(({ cached }) => cached)).toMatchObject({
    digest: 'sha256:c',
  });
});

test('tty draws the block again in its place, cut to the terminal, and the whole of it at the end', () => {
  let text = '';
  let redraw = (): void => undefined;
  const clock = { nowMs: START };
  const renderer = createTty({
    out: (more) => void (text += more),
    size: () => ({ width: 60, height: 6 }),
    nowMs: () => clock.nowMs,
    every: (again) => {
      redraw = again;
      return () => undefined;
    },
  });
  const { trace } = scene(renderer, clock);
  trace.told(started('c', 1, 'COPY . /src'));
  redraw();
  trace.told({ kind: 'cached', id: 'c' });
  trace.told(started('one', 2, 'RUN make'));
  clock.nowMs += 1500;
  trace.told(log('one', 'a\n\u001b[2Jb\u0007\nc\nd\ne\n'));
  redraw();
  trace.told({ kind: 'completed', id: 'one', containerId: undefined });
  renderer.finish();
  const draws = text
    .split('\u001b[?25l')
    .slice(1)
    .map((draw) => draw.replace('\u001b[?25h', ''));
  const row = (left: string, right: string): string => left.padEnd(59 - right.length) + right;
  expect(draws).toEqual([
    `\u001b[0J[+] Building 0.0s (0/1)\n${row(' => [app  1/10] COPY . /src', '0.0s')}\n`,
    '\u001b[2A\u001b[0J[+] Building 1.5s (1/2)\n => => # b \n => => # c\n => => # d\n => => # e\n',
    `\u001b[5A\u001b[0J[+] Building 1.5s (2/2) FINISHED\n${row(' => CACHED [app  1/10] COPY . /src', '0.0s')}\n${row(' => [app  2/10] RUN make', '1.5s')}\n`,
  ]);
});

test('what failed is told with its last ten lines and its place', () => {
  const played = scene({ show: () => undefined, finish: () => undefined });
  const { trace } = played;
  trace.told(started('x', 4, 'RUN false'));
  trace.told(log('x', Array.from({ length: 12 }, (_, line) => `line ${line}\n`).join('')));
  trace.told(log('x', 'unfinished'));
  trace.told({ kind: 'failed', id: 'x', message: 'no', command: undefined });
  const failed = trace.failed();
  expect([failed?.name, failed?.place, failed?.lines.length]).toEqual([
    '[app  4/10] RUN false',
    { start: 4, end: 4 },
    10,
  ]);
  expect([failed?.lines[0], failed?.lines[9]]).toEqual(['0.000 line 3', '0.000 unfinished']);
});

test('times have five characters', () => {
  expect([0, 7, 12_345, 123_456, 1_234_567, -5].map(secondsText)).toEqual([
    '0.000',
    '0.007',
    '12.35',
    '123.5',
    '1235',
    '0.000',
  ]);
});
