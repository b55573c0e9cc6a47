/** Every option of `docker run`: what it does is seen in the container, its cgroup or the machine, or it is refused with a reason. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ContainerInspectResponse } from '../../../src/api/types/container.ts';
import { freeSubnet, startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { findDockerCli, runCommand } from '../../helpers/docker-cli.ts';
import { removeCgroupParent } from '../../helpers/leftovers.ts';
import { seenByClient } from './option-clients.ts';
import { LIMIT_ROWS, type OptionRow, V2 } from './option-limits.ts';
import { NAMESPACE_ROWS, PROCESS_ROWS, SECURITY_ROWS } from './option-rows.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
const files = mkdtempSync('/tmp/skopt-');
const tests = new Set<string>();
let daemon: TestDaemon;
let subnet: string;

beforeAll(async () => {
  writeFileSync(join(files, 'kept'), 'of the host\n');
  writeFileSync(join(files, 'env'), '# a comment\nA=0\nB=of the file\n');
  writeFileSync(join(files, 'labels'), '# a comment\nfrom=file\nboth=file\n');
  const deny = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' };
  writeFileSync(join(files, 'no-mkdir.json'), JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [deny] }));
  mkdirSync(join(files, 'config'));
  writeFileSync(join(files, 'config/config.json'), '{"auths":{"registry.test":{"auth":"dTpw"}}}');
  mkdirSync(join(files, 'bin'));
  const flags = V2 ? [] : ['--cpu-rt-period', '1000000', '--cpu-rt-runtime', '400'];
  daemon = await startDaemon({ flags, within: ['env', `PATH=${join(files, 'bin')}:${process.env['PATH'] ?? ''}`] });
  subnet = freeSubnet().replace(/\.1\/24$/, '');
  const subnets = ['--subnet', `${subnet}.0/24`, '--ipv6', '--subnet', 'fd00:5ca1:ab1e::/64'];
  await daemon.ok(['network', 'create', ...subnets, 'options']);
  const donor = [
    '-v',
    'shared:/shared',
    'busybox',
    'sh',
    '-c',
    'echo here | tee /dev/shm/left > /shared/left; exec sleep 1000',
  ];
  await daemon.ok(['run', '-d', '--name', 'shares', '--stop-timeout', '0', '--ipc', 'shareable', ...donor]);
  await daemon.ok(['run', '-d', '--name', 'alone', '--stop-timeout', '0', 'busybox', 'sleep', '1000']);
  while ((await daemon.docker(['exec', 'shares', 'test', '-s', '/shared/left'])).exitCode !== 0) await Bun.sleep(20);
}, 120_000);

afterAll(async () => {
  rmSync(files, { recursive: true, force: true });
  const ids = await daemon.ok(['ps', '-aq']);
  if (ids !== '') await daemon.docker(['rm', '-f', '-v', ...ids.split('\n')]);
  await daemon.docker(['network', 'rm', 'options']);
  removeCgroupParent(`${parentOf(daemon)}/below`);
  await daemon.stop();
}, 120_000);

/** The cgroup of the daemon's containers. */
function parentOf({ root }: TestDaemon): string {
  return `/skt-${root.slice('/tmp/skt-'.length)}`;
}

async function inspect(name: string): Promise<ContainerInspectResponse> {
  return JSON.parse(await daemon.ok(['inspect', '-f', '{{json .}}', name])) as ContainerInspectResponse;
}

/** What rows cannot know before the daemon runs. */
async function filledIn(text: string): Promise<string> {
  const { State } = await inspect('shares');
  const namespace = (kind: string): string => readlinkSync(`/proc/${State?.Pid}/ns/${kind}`);
  return text
    .replace('IPC-OF shares', `here\n${namespace('ipc')}`)
    .replace('PID-OF shares', `sleep\n${namespace('pid')}`)
    .replace('NET-OF shares', namespace('net'))
    .replace('PARENT', parentOf(daemon))
    .replace('FILES', files)
    .replaceAll('SUBNET', subnet);
}

describe.each([
  ['limits', LIMIT_ROWS],
  ['namespaces', NAMESPACE_ROWS],
  ['rights', SECURITY_ROWS],
  ['the process and what it finds', PROCESS_ROWS],
])('%s', (_title, rows) => {
  for (const { options } of rows) for (const option of options) tests.add(option);
  const titled = rows.map((row): [string, OptionRow] => [
    `${row.args.join(' ')} ${row.status ? 'is refused' : 'is seen'}: ${row.err ?? row.shell ?? ''}`,
    row,
  ]);
  test.each(titled)(
    '%s',
    async (_name, { args, shell = 'true', out = '', err = '', status = 0 }) => {
      const given = await Promise.all([...args, 'busybox', 'sh', '-c', shell].map(filledIn));
      const env = { GIVEN: 'of the client' };
      const result = await daemon.docker(['run', '--rm', ...given], { env });
      const printed = result.stdout.replace(/\n$/, '');
      expect([result.exitCode, printed, result.stderr]).toEqual([
        status,
        typeof out === 'string' ? await filledIn(out) : expect.stringMatching(out),
        err === '' ? '' : expect.stringContaining(await filledIn(err)),
      ]);
    },
    60_000,
  );
});

/** What a server says, once it is there. */
async function greeting(port: number): Promise<string> {
  for (;;) {
    const said = await runCommand(['timeout', '5', 'bash', '-c', `cat < /dev/tcp/127.0.0.1/${port}`]);
    if (said.stdout !== '') return said.stdout;
    await Bun.sleep(20);
  }
}

/** A test of what a row cannot say. */
function seen(options: readonly string[], title: string, check: () => Promise<void>): void {
  for (const option of options) tests.add(option);
  test(`--${options.join(', --')}: ${title}`, check, 60_000);
}

describe('what the machine shows', () => {
  seen(
    ['annotation', 'name', 'label', 'label-file', 'expose'],
    'are in the record, and annotations in the runtime’s file',
    async () => {
      const labels = ['--label-file', join(files, 'labels'), '-l', 'both=flag', '-l', 'empty'];
      const more = ['--annotation', 'org.example.key=value', '--expose', '8080/udp', '--stop-timeout', '0'];
      const id = await daemon.ok(['run', '-d', '--name', 'noted', ...labels, ...more, 'busybox', 'sleep', '1000']);
      const { Name, Config, HostConfig, NetworkSettings } = await inspect('noted');
      expect(Name).toBe('/noted');
      expect(Config?.Labels).toMatchObject({ from: 'file', both: 'flag', empty: '' });
      expect(HostConfig?.Annotations).toEqual({ 'org.example.key': 'value' });
      expect(NetworkSettings?.Ports).toEqual({ '8080/udp': null } as never);
      const spec: unknown = JSON.parse(readFileSync(join(daemon.root, 'e/c', id.slice(0, 24), 'config.json'), 'utf8'));
      expect(spec).toMatchObject({ annotations: { 'org.example.key': 'value' } });
      await daemon.ok(['rm', '-f', 'noted']);
    },
  );

  seen(['publish', 'publish-all'], 'open ports of the host', async () => {
    const serve = ['--stop-timeout', '0', 'busybox', 'nc', '-ll', '-p', '80', '-e', 'echo', 'hello'];
    await daemon.ok(['run', '-d', '--name', 'served', '-p', '127.0.0.1::80', ...serve]);
    await daemon.ok(['run', '-d', '--name', 'served-all', '-P', '--expose', '80', ...serve]);
    for (const name of ['served', 'served-all']) {
      const port = Number((await daemon.ok(['port', name, '80'])).split('\n')[0]?.split(':').at(-1));
      expect(await greeting(port)).toBe('hello\n');
      await daemon.ok(['rm', '-f', name]);
    }
  });

  seen(['restart'], 'a container that fails is started as often as was asked', async () => {
    await daemon.ok(['run', '-d', '--name', 'again', '--restart', 'on-failure:2', 'busybox', 'false']);
    expect(await daemon.ok(['wait', 'again'])).toBe('1');
    while ((await inspect('again')).RestartCount !== 2) await Bun.sleep(20);
    while ((await inspect('again')).State?.Status !== 'exited') await Bun.sleep(20);
    expect((await inspect('again')).RestartCount).toBe(2);
    await daemon.ok(['rm', 'again']);
  });

  seen(['stop-signal', 'stop-timeout'], 'a stop sends it, and kills when the time is over', async () => {
    const shell = 'trap "exit 33" USR1; touch /ready; while :; do sleep 0.05; done';
    await daemon.ok(['run', '-d', '--name', 'kind', '--stop-signal', 'USR1', 'busybox', 'sh', '-c', shell]);
    await daemon.ok([
      'run',
      '-d',
      '--name',
      'deaf',
      '--stop-timeout',
      '0',
      'busybox',
      'sh',
      '-c',
      'trap "" TERM; touch /ready; while :; do sleep 0.05; done',
    ]);
    for (const name of ['kind', 'deaf'])
      while ((await daemon.docker(['exec', name, 'test', '-e', '/ready'])).exitCode !== 0) await Bun.sleep(20);
    await daemon.ok(['stop', 'kind', 'deaf']);
    expect([(await inspect('kind')).State?.ExitCode, (await inspect('deaf')).State?.ExitCode]).toEqual([33, 137]);
    await daemon.ok(['rm', 'kind', 'deaf']);
  });

  seen(
    [
      'health-cmd',
      'health-interval',
      'health-retries',
      'health-start-interval',
      'health-start-period',
      'health-timeout',
      'no-healthcheck',
    ],
    'are the health check, or none',
    async () => {
      const times = [
        '--health-interval',
        '50ms',
        '--health-timeout',
        '5s',
        '--health-retries',
        '1',
        '--health-start-period',
        '1ms',
        '--health-start-interval',
        '50ms',
      ];
      const base = ['--stop-timeout', '0', 'busybox', 'sleep', '1000'];
      await daemon.ok(['run', '-d', '--name', 'well', '--health-cmd', 'test -d /proc', ...times, ...base]);
      await daemon.ok(['run', '-d', '--name', 'ill', '--health-cmd', 'false', ...times, ...base]);
      await daemon.ok(['run', '-d', '--name', 'none', '--no-healthcheck', ...base]);
      expect((await inspect('well')).Config?.Healthcheck).toEqual({
        Test: ['CMD-SHELL', 'test -d /proc'],
        Interval: 50e6,
        Timeout: 5e9,
        StartPeriod: 1e6,
        StartInterval: 50e6,
        Retries: 1,
      });
      while ((await inspect('well')).State?.Health?.Status !== 'healthy') await Bun.sleep(20);
      while ((await inspect('ill')).State?.Health?.Status !== 'unhealthy') await Bun.sleep(20);
      expect((await inspect('none')).State?.Health).toBeUndefined();
      await daemon.ok(['rm', '-f', 'well', 'ill', 'none']);
    },
  );

  if (!V2)
    seen(['cpu-rt-period', 'cpu-rt-runtime'], 'is a part of what the daemon may give', async () => {
      const run = async (...args: readonly string[]) =>
        await daemon.docker(['run', '--rm', ...args, 'busybox', 'sh', '-c', 'cat /sys/fs/cgroup/cpu/cpu.rt_*']);
      const asked = ['--cpu-rt-period', '1000000', '--cpu-rt-runtime', '200'];
      expect((await run(...asked)).stdout).toBe('1000000\n200\n');
      await daemon.ok(['update', '--cpu-rt-runtime', '100', 'alone']);
      expect(await daemon.ok(['exec', 'alone', 'cat', '/sys/fs/cgroup/cpu/cpu.rt_runtime_us'])).toBe('100');
      expect((await run('--cpu-rt-runtime', '500000')).stderr).toContain('cpu.rt_runtime_us');
      expect((await run('--cpu-rt-period', '100', '--cpu-rt-runtime', '200')).stderr).toContain(
        'cpu real-time runtime cannot be higher than cpu real-time period',
      );
    });

  seen(['gpus'], 'NVIDIA’s hook gets what was asked for; without it a container is left that tells why', async () => {
    const run = ['run', '--name', 'gpu', '--gpus', '"device=0,2",capabilities=compute', 'busybox', 'env'];
    expect((await daemon.docker(run)).exitCode).toBe(125);
    const { State } = await inspect('gpu');
    expect([State?.Status, State?.ExitCode, State?.Error]).toEqual([
      'created',
      128,
      'could not select device driver "" with capabilities: [[compute gpu]]',
    ]);
    await daemon.ok(['rm', 'gpu']);
    const program = join(files, 'bin/nvidia-container-runtime-hook');
    writeFileSync(program, `#!/bin/sh\necho "$@" > ${files}/hook\ncat >> ${files}/hook\n`, { mode: 0o755 });
    const { stdout } = await daemon.docker(run);
    rmSync(program);
    expect(stdout).toContain('NVIDIA_VISIBLE_DEVICES=0,2\nNVIDIA_DRIVER_CAPABILITIES=compute\n');
    expect(readFileSync(join(files, 'hook'), 'utf8')).toStartWith(`prestart\n{"ociVersion"`);
    await daemon.ok(['rm', 'gpu']);
  });

  test('what only a request can ask for is there, discarded with a warning, or refused', async () => {
    const create = async (HostConfig: object): Promise<{ Id?: string; Warnings?: string[]; message?: string }> => {
      const body = JSON.stringify({ Image: 'busybox', Cmd: ['sleep', '1000'], StopTimeout: 0, HostConfig });
      const headers = { 'Content-Type': 'application/json' };
      const answer = await fetch('http://d/v1.51/containers/create', {
        method: 'POST',
        body,
        headers,
        unix: daemon.socket,
      });
      return (await answer.json()) as { Id?: string };
    };
    const { Id = '', Warnings } = await create({
      CpuPercent: 5,
      CpuCount: 1,
      KernelMemoryTCP: 1 << 25,
      MaskedPaths: ['/proc/version'],
      ReadonlyPaths: [],
    });
    expect(Warnings).toEqual([
      ...(V2 ? [expect.stringContaining('kernel memory TCP limit')] : []),
      'linux does not support CPU percent. Percent discarded.',
      'linux does not support CPU count. Count discarded.',
    ]);
    await daemon.ok(['start', Id]);
    expect(await daemon.ok(['exec', Id, 'cat', '/proc/version'])).toBe('');
    expect(await daemon.ok(['exec', Id, 'sh', '-c', 'grep -c " /proc/sys " /proc/mounts || true'])).toBe('0');
    if (!V2)
      expect(await daemon.ok(['exec', Id, 'cat', '/sys/fs/cgroup/memory/memory.kmem.tcp.limit_in_bytes'])).toBe(
        '33554432',
      );
    await daemon.ok(['rm', '-f', Id]);
    expect((await create({ IOMaximumIOps: 1 })).message).toContain('does not support Maximum IO Bandwidth');
    expect((await create({ Cgroup: 'container:x' })).message).toBe('cgroup mode container:x is not implemented');
    expect((await create({ Annotations: { '': 'x' } })).message).toContain('empty string is not permitted');
  }, 60_000);
});

describe.each([
  ['Docker’s client', findDockerCli().path],
  ['ours', OURS],
])('%s', (_title, docker) => {
  seenByClient(docker, seen, { daemon: () => daemon, files, inspect });

  test('every option that it lists has a test', async () => {
    const { stdout } = await runCommand([docker, 'run', '--help']);
    const options = [...stdout.matchAll(/^ {2,}(?:-\w, +)?--([\w-]+)/gm)].map(([, name = '']) => name);
    expect(options.length).toBeGreaterThan(95);
    expect(options.filter((name) => name !== 'help' && !tests.has(name))).toEqual([]);
  });
});
