import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROTOCOL, parseExitFile, parseMessage, toArguments } from './protocol.ts';
import { lastRuntimeError, RuntimeError } from './runtime-error.ts';

test('the numbers are those of the C side', () => {
  const header = readFileSync(join(import.meta.dirname, '../../../monitor/src/protocol.h'), 'utf8');
  const defined = new Map(Array.from(header.matchAll(/^#define (\w+) \(?([\d* ]+)\)?$/gm), (m) => [m[1], m[2]]));
  for (const [name, value] of Object.entries(PROTOCOL)) {
    const product = (defined.get(name) ?? '').split('*').reduce((all, factor) => all * Number(factor), 1);
    expect([name, product]).toEqual([name, value]);
  }
});

test('the description tells the numbers of the header', () => {
  const read = (name: string): string => readFileSync(join(import.meta.dirname, '../../../monitor', name), 'utf8');
  const defined = new Map(Array.from(read('src/protocol.h').matchAll(/^#define (\w+) (.+)$/gm), (m) => [m[1], m[2]]));
  const text = read('PROTOCOL.md').replaceAll('\n', ' ');
  const told: readonly (readonly [name: string, value: string, words: string])[] = [
    ['PROTOCOL_VERSION', '1', "The monitor's protocol, version 1"],
    ['LINE_MAX_BYTES', '255', 'A line longer than 255 bytes'],
    ['QUEUE_MEMORY_BYTES', '(256 * 1024)', '256 KiB in memory'],
    ['QUEUE_SPILL_BYTES', '(1024LL * 1024 * 1024)', 'all readers together would keep them more than 1 GiB behind'],
    ['SOCKET_BUFFER_BYTES', '(32 * 1024)', 'socket buffer of 32 KiB'],
    ['STDIN_QUEUE_BYTES', '(64 * 1024)', 'at most 64 KiB that the process has not read'],
    ['LOG_RECORD_BYTES', '(16 * 1024)', 'Lines over 16 KiB'],
    ['RUNTIME_MESSAGE_BYTES', '4096', '4 KiB at most'],
    ['CONNECT_TIMEOUT_MS', '60000', 'within a minute'],
    ['DRAIN_TIMEOUT_MS', '2000', 'two seconds'],
    ['CLIENTS_MAX', '256', '256 connections at once'],
    ['FRAME_HEADER_BYTES', '8', '8-byte header'],
    ['CREDIT_MAX_BYTES', '1099511627776', 'at most 2^40'],
  ];
  for (const [name, value, words] of told) {
    expect([name, defined.get(name)]).toEqual([name, value]);
    expect(text).toContain(words);
  }
  expect(told.map(([name]) => name).toSorted()).toEqual([...defined.keys()].map(String).toSorted());
});

test('lines of the monitor are understood', () => {
  expect(parseMessage('hello 1 running 7 8 12.500000000')).toEqual({
    kind: 'hello',
    state: 'running',
    monitorPid: 7,
    pid: 8,
    startedAt: new Date(12_500),
  });
  expect(parseMessage('failed 1 "a b\\nc"')).toEqual({ kind: 'failed', runtimeStatus: 1, log: 'a b\nc' });
  expect(parseMessage('exited 137 9 1 1.000000000 2.250000000')).toEqual({
    kind: 'exited',
    report: { exitCode: 137, signal: 9, oomKilled: true, startedAt: new Date(1000), finishedAt: new Date(2250) },
  });
  expect(() => parseMessage('hello 2 running 7 8 0.0')).toThrow('version 2');
  expect(() => parseMessage('what')).toThrow();
});

test('a damaged exit file is data loss', () => {
  expect(() => parseExitFile('{"exitCode":')).toThrow('damaged');
});

test('options become arguments', () => {
  const argv = toArguments({
    dir: '/d',
    target: { kind: 'exec', id: 'c', processFile: '/p' },
    runtime: ['/r', '--root', '/x'],
    tty: true,
    stdin: true,
    stdinOnce: false,
    log: { path: '/l', maxSizeBytes: 10, maxFiles: 3, compress: true },
  });
  expect(argv.join(' ')).toBe(
    '--dir /d --kind exec --id c --process /p --tty --stdin --log /l --log-max-files 3 --log-max-size 10 --log-compress -- /r --root /x',
  );
});

test('a missing program is exit code 127, one that may not run 126', () => {
  const missing = new RuntimeError(
    lastRuntimeError(
      '{"msg":"executable file `nope` not found in $PATH: No such file or directory","level":"error"}\n',
      1,
    ),
  );
  expect(missing.exitCode).toBe(127);
  expect(missing.message).toContain('exec: "nope": executable file not found in $PATH');
  expect(new RuntimeError('open executable: Permission denied').exitCode).toBe(126);
  expect(new RuntimeError('something else').kind).toBe('system');
});
