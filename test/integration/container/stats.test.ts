import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ContainerStatsResponse } from '../../../src/api/types/container.ts';
import { startDaemon, type TestDaemon } from '../../helpers/daemon.ts';
import { type CommandResult, runCommand } from '../../helpers/docker-cli.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');
const V2 = existsSync('/sys/fs/cgroup/cgroup.controllers');

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon();
  const limits = ['-m', '64m', '--pids-limit', '40'];
  await daemon.ok([
    'run',
    '-d',
    '--name',
    'busy',
    '--stop-timeout',
    '0',
    ...limits,
    'busybox',
    'sh',
    '-c',
    'sleep 1000 & wait',
  ]);
  await daemon.ok(['create', '--name', 'idle', 'busybox', 'true']);
}, 60_000);
afterAll(async () => await daemon.stop(), 60_000);

async function ours(args: readonly string[]): Promise<CommandResult> {
  return await runCommand([OURS, ...args], { env: { DOCKER_HOST: daemon.host, HOME: daemon.root } });
}

async function sample(query: string, name = 'busy'): Promise<ContainerStatsResponse> {
  const response = await fetch(`http://d/v1.51/containers/${name}/stats?${query}`, { unix: daemon.socket });
  return (await response.json()) as ContainerStatsResponse;
}

/** A file of the container's cgroup, by its name in version 1 and 2. */
async function cgroup(controller: string, v1: string, v2: string): Promise<string> {
  const [id, parent] = (await daemon.ok(['inspect', '-f', '{{.Id}} {{.HostConfig.CgroupParent}}', 'busy'])).split(' ');
  const below = `${parent || `/skt-${daemon.root.slice('/tmp/skt-'.length)}`}/${id}`;
  const path = V2 ? `/sys/fs/cgroup${below}/${v2}` : `/sys/fs/cgroup/${controller}${below}/${v1}`;
  return readFileSync(path, 'utf8').trim();
}

test("a sample's numbers are the kernel's", async () => {
  const before = Number((await cgroup('cpuacct', 'cpuacct.usage', 'cpu.stat')).split(' ')[V2 ? 1 : 0]?.split('\n')[0]);
  const first = await sample('stream=false&one-shot=true');
  expect(first.cpu_stats?.cpu_usage?.total_usage).toBeGreaterThanOrEqual(before * (V2 ? 1000 : 1));
  expect(first.memory_stats?.limit).toBe(64 * 1024 * 1024);
  expect(first.pids_stats).toEqual({ current: 2, limit: 40 });
  const usage = Number(await cgroup('memory', 'memory.usage_in_bytes', 'memory.current'));
  expect(Math.abs((first.memory_stats?.usage ?? 0) - usage)).toBeLessThan(1024 * 1024);
  const pid = await daemon.ok(['inspect', '-f', '{{.State.Pid}}', 'busy']);
  const line =
    readFileSync(`/proc/${pid}/net/dev`, 'utf8')
      .split('\n')
      .find((text) => text.includes('eth0:')) ?? '';
  expect(Object.keys(first.networks ?? {})).toEqual(['eth0']);
  expect(first.networks?.['eth0']?.tx_packets).toBeLessThanOrEqual(Number(line.trim().split(/\s+/)[10]));
  expect(first.cpu_stats?.online_cpus).toBe(readFileSync('/proc/stat', 'utf8').match(/^cpu\d/gm)?.length ?? 0);
});

test('one-shot has no earlier values, a single sample has, a stopped container has none at all', async () => {
  expect((await sample('stream=false&one-shot=true')).precpu_stats?.system_cpu_usage).toBeUndefined();
  const single = await sample('stream=false');
  expect(single.cpu_stats?.system_cpu_usage).toBeGreaterThan(single.precpu_stats?.system_cpu_usage ?? Number.NaN);
  expect(single.preread).not.toBe('0001-01-01T00:00:00Z');
  const none = await sample('stream=false', 'idle');
  expect(none).toMatchObject({ name: '/idle', read: '0001-01-01T00:00:00Z', memory_stats: {}, pids_stats: {} });
  expect((await fetch('http://d/v1.51/containers/none/stats', { unix: daemon.socket })).status).toBe(404);
});

test('a stream goes on, each sample with the one before, until the client goes', async () => {
  const gone = new AbortController();
  const response = await fetch('http://d/v1.51/containers/busy/stats', { unix: daemon.socket, signal: gone.signal });
  const seen: ContainerStatsResponse[] = [];
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    seen.push(...lines.map((line) => JSON.parse(line) as ContainerStatsResponse));
    if (seen.length >= 2) break;
  }
  gone.abort();
  expect(seen[1]?.preread).toBe(seen[0]?.read ?? '');
});

test('both clients print the same', async () => {
  const masked = (text: string): string =>
    text
      .replace(/[\d.]+([kKMG]i?)?B/g, 'N')
      .replace(/[\d.]+%/g, 'N%')
      .replace(/ +/g, ' ');
  for (const args of [
    ['busy', 'idle'],
    ['--format', 'json', 'busy'],
    ['--no-trunc'],
    ['-a', '--format', '{{.Container}} {{.Name}} {{.PIDs}}'],
    ['none'],
  ]) {
    const [mine, theirs] = await Promise.all([
      ours(['stats', '--no-stream', ...args]),
      daemon.docker(['stats', '--no-stream', ...args]),
    ]);
    expect({ ...mine, stdout: masked(mine.stdout) }).toEqual({ ...theirs, stdout: masked(theirs.stdout) });
  }
}, 60_000);

test('an update takes effect in the cgroup of a running container and is kept', async () => {
  expect(
    await ours([
      'update',
      '--cpus',
      '0.5',
      '-m',
      '96m',
      '--memory-swap',
      '128m',
      '--pids-limit',
      '50',
      '--cpu-shares',
      '200',
      'busy',
    ]),
  ).toEqual({
    exitCode: 0,
    stdout: 'busy\n',
    stderr: '',
  });
  expect(await cgroup('memory', 'memory.limit_in_bytes', 'memory.max')).toBe(String(96 * 1024 * 1024));
  expect(await cgroup('cpu', 'cpu.cfs_quota_us', 'cpu.max')).toBe(V2 ? '50000 100000' : '50000');
  expect(await cgroup('pids', 'pids.max', 'pids.max')).toBe('50');
  await daemon.ok(['update', '--pids-limit', '-1', 'busy']);
  expect(await cgroup('pids', 'pids.max', 'pids.max')).not.toBe('50');
  await daemon.restart();
  const format = '{{.HostConfig.NanoCpus}} {{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpuShares}}';
  expect(await daemon.ok(['inspect', '-f', format, 'busy'])).toBe(
    `500000000 ${96 * 1024 * 1024} ${128 * 1024 * 1024} 200`,
  );
}, 60_000);

test('an update of the restart policy counts from the next exit on', async () => {
  await daemon.ok([
    'run',
    '-d',
    '--name',
    'policy',
    'busybox',
    'sh',
    '-c',
    'until [ -e /go ]; do sleep 0.02; done; exit 3',
  ]);
  await daemon.ok(['update', '--restart', 'on-failure:2', 'policy']);
  await daemon.ok(['exec', 'policy', 'touch', '/go']);
  expect(await daemon.ok(['wait', 'policy'])).toBe('3');
  const state = ['inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'policy'];
  for (let tries = 0; (await daemon.ok(state)) !== 'exited 2' && tries < 200; tries++) await Bun.sleep(20);
  expect(await daemon.ok(state)).toBe('exited 2');
}, 60_000);

test('what cannot be is refused by both clients in the same words, and changes nothing', async () => {
  await daemon.ok([
    'run',
    '-d',
    '--name',
    'limits',
    '--stop-timeout',
    '0',
    '--rm',
    '-m',
    '64m',
    '--cpus',
    '1',
    'busybox',
    'sleep',
    '1000',
  ]);
  const before = await daemon.ok(['inspect', '-f', '{{json .HostConfig}}', 'limits']);
  for (const args of [
    [],
    ['-m', '1m'],
    ['-m', '1g'],
    ['--cpu-quota', '5000'],
    ['--restart', 'always'],
    ['--restart', 'sometimes'],
    ['--cpuset-cpus', '4096'],
  ]) {
    const [mine, theirs] = await Promise.all([
      ours(['update', ...args, 'limits']),
      daemon.docker(['update', ...args, 'limits']),
    ]);
    expect(mine.exitCode).toBe(1);
    expect(mine).toEqual(theirs);
  }
  expect((await ours(['update', '-m', '32m', 'none'])).stderr).toBe(
    'Error response from daemon: No such container: none\n',
  );
  expect(await daemon.ok(['inspect', '-f', '{{json .HostConfig}}', 'limits'])).toBe(before);
}, 60_000);
