import { afterEach, beforeEach, expect, test } from 'bun:test';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../lib/async/clock.ts';
import { createFakeLogSinks, type FakeLogSinks } from '../../../linux/log-sink/log-sink.fake.ts';
import { createLogFollower } from '../../../store/record/log-follower.host.ts';
import { createForwarder } from './forward.ts';
import type { ForwardPlan } from './log-plan.ts';
import { createPartCounter } from './outgoing.ts';

let root: string;
let logPath: string;
let sinks: FakeLogSinks;
let told: string[];
let written: number;

beforeEach(() => {
  root = mkdtempSync('/tmp/forward-');
  logPath = join(root, 'log');
  sinks = createFakeLogSinks();
  told = [];
  written = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(count: number): void {
  for (let at = 0; at < count; at++)
    appendFileSync(logPath, `{"log":"${written++}\\n","stream":"stdout","time":"2026-01-02T03:04:05.5Z"}\n`);
}

/** Sends until it is stopped; the container runs until `exit`. */
function start(plan: Partial<ForwardPlan> = {}) {
  const stopped = Promise.withResolvers<void>();
  const controller = new AbortController();
  const forwarder = createForwarder(
    { follower: createLogFollower(), sinks, clock: systemClock, tell: (message) => told.push(message) },
    {
      containerId: 'c',
      logPath,
      placeFile: join(root, 'place'),
      plan: {
        remote: { kind: 'journald', origin: {} as never },
        retry: { delayMs: 1 },
        mustAnswer: false,
        ...plan,
      },
      stopped: stopped.promise,
    },
  );
  const done = forwarder.run(controller.signal);
  return {
    forwarder,
    exit: async () => {
      stopped.resolve();
      await done;
    },
    stop: async () => {
      controller.abort();
      await done;
    },
  };
}

const texts = (): readonly string[] => sinks.received.map(({ text }) => text);
const numbers = (count: number): readonly string[] => Array.from({ length: count }, (_, at) => String(at));

async function until(test: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (test()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it never happened');
}

test('everything is sent in order, and it ends when the container has', async () => {
  write(3);
  const run = start();
  await until(() => sinks.received.length === 3);
  write(2);
  await run.exit();
  expect(texts()).toEqual(numbers(5));
  expect(sinks.received[0]?.time).toEqual({ seconds: Date.UTC(2026, 0, 2, 3, 4, 5) / 1000, nanos: 500_000_000 });
});

test('stopped in order, it goes on where it was, even on a stream without answers', async () => {
  sinks.isCertain = false;
  write(3);
  const first = start();
  await until(() => sinks.received.length === 3);
  await first.stop();
  write(2);
  await start().exit();
  expect(texts()).toEqual(numbers(5));
});

test('a log that has nothing new opens no connection', async () => {
  write(1);
  await start().exit();
  await start().exit();
  expect(sinks.opened).toHaveLength(1);
});

test('a remote that is down is tried again until it is there, and told of once', async () => {
  sinks.isDown = true;
  write(3);
  const run = start();
  await until(() => run.forwarder.isFailing && told.length > 0);
  write(2);
  sinks.isDown = false;
  await run.exit();
  expect(texts()).toEqual(numbers(5));
  expect(told).toEqual([
    'log of container c: sending to journald: dial tcp 127.0.0.1:1: connect: connection refused; it is tried again',
    'log of container c: the remote takes it again',
  ]);
});

test('what was written just before a stream broke is sent again', async () => {
  sinks.isCertain = false;
  write(3);
  const run = start();
  await until(() => sinks.received.length === 3);
  sinks.cut(2);
  await until(() => sinks.received.length >= 4);
  await run.exit();
  expect(texts()).toEqual(['0', ...numbers(3)]);
});

test('a connection that is closed while all has arrived costs nothing', async () => {
  write(3);
  const run = start();
  await until(() => sinks.received.length === 3);
  sinks.cut(0);
  write(2);
  await run.exit();
  expect(texts()).toEqual(numbers(5));
  expect(told).toEqual([]);
});

test('after the last retry what waits is given up and counted, and what comes later is sent', async () => {
  sinks.isDown = true;
  write(3);
  const run = start({ retry: { delayMs: 1, maxRetries: 2 } });
  await until(() => told.some((message) => message.includes('given up after 2 retries')));
  sinks.isDown = false;
  write(1);
  await run.exit();
  expect(texts()).toEqual(['3']);
  expect(told.join('\n')).toContain('bytes of the log are not sent');
});

test('a damaged place means that all is sent again', async () => {
  write(2);
  await start().exit();
  appendFileSync(join(root, 'place'), 'x');
  await start().exit();
  expect(texts()).toEqual(['0', '1', '0', '1']);
});

test('a line longer than a record is numbered part by part, each stream for itself', () => {
  const count = createPartCounter(() => 'id');
  const part = (stream: 'stdout' | 'stderr', text: string, isComplete: boolean) =>
    count({ stream, seconds: 0, nanos: 0, text, isComplete }).partial;
  const long = 'x'.repeat(16_384);
  expect([
    part('stdout', 'short', true),
    part('stdout', long, false),
    part('stderr', 'between', true),
    part('stdout', long, false),
    part('stdout', 'end', true),
    part('stdout', 'no end', false),
  ]).toEqual([
    undefined,
    { id: 'id', ordinal: 1, last: false },
    undefined,
    { id: 'id', ordinal: 2, last: false },
    { id: 'id', ordinal: 3, last: true },
    undefined,
  ]);
});
