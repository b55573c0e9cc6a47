import { describe, expect, test } from 'bun:test';
import type { HostConfig } from '../../api/types/container.ts';
import { cgroupPath } from './context.ts';
import { createDetachScanner, parseDetachKeys } from './detach-keys.ts';
import { mergeConfig } from './merge.ts';
import { generateName } from './name-generator.ts';
import { parseUntil } from './prune.ts';
import { decideRestart, startsWithDaemon } from './restart-policy.ts';
import { parseSignal } from './signal.ts';
import { nextState, ZERO_TIME } from './state.ts';
import { formatDuration, formatStatus } from './status-text.ts';
import { validateConfig, validateHostConfig } from './validate.ts';

const CREATED = {
  status: 'created',
  pid: 0,
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: ZERO_TIME,
  finishedAt: ZERO_TIME,
  restartCount: 0,
  manuallyStopped: false,
} as const;

describe('merge', () => {
  const image = {
    Cmd: ['image-cmd'],
    Entrypoint: ['image-entry'],
    Env: ['PATH=/bin', 'A=image'],
    Labels: { a: '1', b: '1' },
  };
  test.each([
    ['nothing given: all from the image', {}, ['image-entry'], ['image-cmd']],
    ['a command keeps the entrypoint', { Cmd: ['own'] }, ['image-entry'], ['own']],
    ['an entrypoint drops the image command', { Entrypoint: ['own'] }, ['own'], []],
    ['[""] clears the entrypoint and the command', { Entrypoint: [''] }, [], []],
    ['an empty list clears the entrypoint alone', { Entrypoint: [] }, [], ['image-cmd']],
  ])('%s', (_, user, entrypoint, command) => {
    const merged = mergeConfig(user, image);
    expect([merged.Entrypoint, merged.Cmd]).toEqual([entrypoint, command]);
  });

  test('the user wins in sets', () => {
    const merged = mergeConfig({ Env: ['A=user'], Labels: { b: '2' } }, image);
    expect(merged.Env).toEqual(['A=user', 'PATH=/bin']);
    expect(merged.Labels).toEqual({ a: '1', b: '2' });
  });
});

describe('validation', () => {
  test.each([
    [{}, 'no command specified'],
    [{ Cmd: ['a'], WorkingDir: 'rel' }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
    [{ Cmd: ['a'], Env: ['=x'] }, 'invalid environment variable: =x'],
    [{ Cmd: ['a'], StopSignal: 'SIGNOPE' }, 'Invalid signal: SIGNOPE'],
    [{ Cmd: ['a'], ExposedPorts: { '70000/tcp': {} } }, 'invalid port specification: "70000/tcp"'],
  ])('config %p: %s', (config, text) => {
    expect(() => validateConfig(config)).toThrow(text);
  });

  test.each([
    [{ Memory: 1024 }, 'Minimum memory limit allowed is 6MB'],
    [{ MemorySwap: 100_000_000 }, 'You should always set the Memory limit'],
    [{ NanoCpus: 3e9 }, 'as there are only 2 CPUs available'],
    [
      { AutoRemove: true, RestartPolicy: { Name: 'always' as const } },
      "can't create 'AutoRemove' container with restart policy",
    ],
    [{ RestartPolicy: { Name: 'always' as const, MaximumRetryCount: 2 } }, 'can only be used with'],
    [
      { NetworkMode: 'container:x', PublishAllPorts: true },
      'conflicting options: port publishing and the container type network mode',
    ],
    [{ OomScoreAdj: 2000 }, 'range for oom score adj'],
    [{ CapAdd: ['nosuch'] }, 'invalid CapAdd: unknown capability: "CAP_NOSUCH"'],
    [{ CapDrop: ['nosuch'] }, 'invalid CapDrop: unknown capability: "CAP_NOSUCH"'],
    [{ CpusetCpus: '0,2' }, 'requested CPUs are not available - requested 0,2, available: 0-1'],
    [{ CpusetCpus: '1-0' }, 'invalid value 1-0 for cpuset cpus'],
    [{ CpuShares: -1 }, 'shares: invalid argument'],
    [
      { CpuRealtimePeriod: 5000, CpuRealtimeRuntime: 10_000 },
      'cpu real-time runtime cannot be higher than cpu real-time period',
    ],
    [{ IOMaximumIOps: 1 }, 'invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps'],
    [{ Isolation: 'hyperv' as const }, 'invalid isolation: "hyperv" - linux only supports \'default\''],
    [{ StorageOpt: { size: '1G' } }, "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"],
    [{ StorageOpt: { sise: '1G' } }, 'unknown option sise'],
    [{ Annotations: { '': 'x' } }, 'the empty string is not permitted as an annotation key'],
    [{ Cgroup: 'container:x' }, 'cgroup mode container:x is not implemented'],
    [{ SecurityOpt: ['nothing'] }, 'invalid --security-opt 1: "nothing"'],
  ])('host config %p: %s', (host, text) => {
    expect(() => validateHostConfig(host, {}, { cpus: 2, memoryNodes: 1, cpuRealtime: true })).toThrow(text);
  });
});

test('real-time budgets need a kernel that has them', () => {
  const machine = { cpus: 2, memoryNodes: 1, cpuRealtime: false };
  expect(() => validateHostConfig({ CpuRealtimeRuntime: 1000 }, {}, machine)).toThrow(
    'kernel does not support CPU real-time scheduler',
  );
  validateHostConfig({ CpuRealtimeRuntime: 0 }, {}, machine);
});

describe('restart policy', () => {
  const end = {
    policy: { Name: 'on-failure', MaximumRetryCount: 2 } as const,
    exitCode: 1,
    restartCount: 0,
    manuallyStopped: false,
    runMs: 10,
    previousDelayMs: undefined,
  };
  test.each([
    ['the first delay is 100 ms', {}, { kind: 'restart', delayMs: 100 }],
    ['it doubles', { previousDelayMs: 400 }, { kind: 'restart', delayMs: 800 }],
    ['up to a minute', { previousDelayMs: 50_000 }, { kind: 'restart', delayMs: 60_000 }],
    ['a run of ten seconds begins anew', { previousDelayMs: 50_000, runMs: 10_000 }, { kind: 'restart', delayMs: 100 }],
    ['on-failure stays after success', { exitCode: 0 }, { kind: 'stay' }],
    ['on-failure gives up', { restartCount: 2 }, { kind: 'stay' }],
    ['a stop by hand wins', { manuallyStopped: true }, { kind: 'stay' }],
    ['no policy stays', { policy: undefined }, { kind: 'stay' }],
  ] as const)('%s', (_, change, decision) => {
    expect(decideRestart({ ...end, ...change })).toEqual(decision);
  });

  test('a container never started does not come back with the daemon', () => {
    expect(startsWithDaemon({ Name: 'always' }, CREATED)).toBe(false);
    expect(startsWithDaemon({ Name: 'unless-stopped' }, { ...CREATED, status: 'exited', manuallyStopped: true })).toBe(
      false,
    );
  });
});

describe('texts', () => {
  test.each([
    [500, 'Less than a second'],
    [1000, '1 second'],
    [59_000, '59 seconds'],
    [60_000, 'About a minute'],
    [300_000, '5 minutes'],
    [3_600_000, 'About an hour'],
    [47 * 3_600_000, '47 hours'],
    [48 * 3_600_000, '2 days'],
    [15 * 86_400_000, '2 weeks'],
    [70 * 86_400_000, '2 months'],
    [800 * 86_400_000, '2 years'],
  ])('%d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('status of each state', () => {
    const now = new Date('2026-01-01T00:05:00Z');
    const at = '2026-01-01T00:00:00Z';
    expect(formatStatus({ ...CREATED, status: 'running', startedAt: at }, now)).toBe('Up 5 minutes');
    expect(formatStatus({ ...CREATED, status: 'paused', startedAt: at }, now)).toBe('Up 5 minutes (Paused)');
    expect(formatStatus({ ...CREATED, status: 'exited', exitCode: 3, finishedAt: at }, now)).toBe(
      'Exited (3) 5 minutes ago',
    );
    expect(formatStatus({ ...CREATED, status: 'restarting', exitCode: 1, finishedAt: at }, now)).toBe(
      'Restarting (1) 5 minutes ago',
    );
    expect(formatStatus(CREATED, now)).toBe('Created');
  });
});

test('a step the table does not have is an error', () => {
  expect(() => nextState(CREATED, 'paused')).toThrow('cannot go from created by paused');
  expect(nextState(CREATED, 'started', { pid: 5 })).toMatchObject({ status: 'running', pid: 5 });
});

test('signals by name and number', () => {
  expect(['KILL', 'sigterm', '3', 'RTMIN+3', 'RTMAX-1'].map(parseSignal)).toEqual([9, 15, 3, 37, 63]);
  expect(() => parseSignal('65')).toThrow('Invalid signal: 65');
});

test('a taken name is followed by one with a digit, and luck can run out', () => {
  const first = generateName(
    () => false,
    () => 0,
  );
  expect(
    generateName(
      (name) => name === first,
      () => 0,
    ),
  ).toBe(`${first}0`);
  expect(
    generateName(
      () => true,
      () => 0,
    ),
  ).toBeUndefined();
});

describe('detach keys', () => {
  const scan = (keys: string | undefined, ...chunks: string[]): string => {
    const scanner = createDetachScanner(parseDetachKeys(keys));
    return chunks
      .map((chunk) => scanner.push(Buffer.from(chunk)))
      .map(({ pass, detached }) => Buffer.from(pass).toString() + (detached ? '!' : ''))
      .join('');
  };
  test('are found across chunks, and a false beginning is passed on', () => {
    expect(scan(undefined, 'a\x10', '\x11b')).toBe('a!');
    expect(scan(undefined, 'a\x10', 'b')).toBe('a\x10b');
    expect(scan('a,a,b', 'aaab')).toBe('a!');
    expect(scan('ctrl-@', 'x\0')).toBe('x!');
  });
  test('unknown keys are refused', () => {
    expect(() => parseDetachKeys('ctrl-1')).toThrow('Invalid escape keys');
  });
});

test('prune takes until as a duration, a date or seconds', () => {
  expect(parseUntil(['1h30m'], 10_000_000)).toBe(10_000_000 - 5_400_000);
  expect(parseUntil(['100'], 0)).toBe(100_000);
  expect(parseUntil(['2026-01-01T00:00:00Z'], 0)).toBe(Date.UTC(2026, 0, 1));
  expect(() => parseUntil(['soon'], 0)).toThrow('failed to parse');
});

test.each([
  [{ IpcMode: 'foo' }, 'invalid IPC mode: foo'],
  [{ PidMode: 'foo' }, 'invalid PID mode: foo'],
  [{ UTSMode: 'foo' }, 'invalid UTS mode: foo'],
  [{ CgroupnsMode: 'foo' as 'host' }, 'invalid cgroup namespace mode: foo'],
  [{ SecurityOpt: ['bogus'] }, 'invalid --security-opt'],
  [{ CpusetMems: '5' }, 'requested memory nodes are not available - requested 5, available: 0'],
  [{ Dns: ['1.1.1.1\nnameserver 6.6.6.6'] }, 'unable to parse IP'],
  [{ DnsSearch: ['a b'] }, 'DNS search'],
  [{ ExtraHosts: ['a:notanip'] }, 'invalid IP address in add-host'],
  [{ Ulimits: [{ Name: 'nope', Soft: 1, Hard: 1 }] }, 'invalid ulimit type'],
  [{ PortBindings: { '80/tcp': [{ HostPort: 'x' }] } }, 'invalid host port'],
] as const)('%j is refused at create', (host, words) => {
  expect(() =>
    validateHostConfig(host as unknown as HostConfig, { Cmd: ['a'] }, { cpus: 2, memoryNodes: 1, cpuRealtime: true }),
  ).toThrow(words);
});

test('a MAC address is checked at create', () => {
  expect(() => validateConfig({ Cmd: ['a'], MacAddress: 'zz' })).toThrow('invalid MAC address: zz');
  validateConfig({ Cmd: ['a'], MacAddress: '02:42:aa:bb:cc:dd' });
});

test('a cgroup parent cannot lead out of the hierarchy', () => {
  const settings = { cgroupParent: '/docker' } as never;
  const path = (CgroupParent: string) => cgroupPath({ settings }, { id: 'c', hostConfig: { CgroupParent } } as never);
  expect([path(''), path('a'), path('/../../tmp/x')]).toEqual(['/docker/c', '/a/c', '/tmp/x/c']);
});
