import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../lib/errors.ts';
import type { CgroupStatistics, MachineStatistics, Statistics } from './statistics.ts';
import { parseBlockV1, parseBlockV2, parseKeyValues, parseLinks, parseMachine } from './statistics-text.ts';

const ROOT = '/sys/fs/cgroup';
/** USER_HZ of every architecture Linux containers run on: what /proc/stat and cpuacct.stat count in. */
const TICK_NANOS = 10_000_000;
/** What v1 shows as limit when there is none: the largest multiple of a page. */
const NO_LIMIT_BYTES = 2 ** 62;

/** Counters by small reads, each of one moment. */
export function createStatistics({ version }: { readonly version: 1 | 2 }): Statistics {
  return {
    cgroup: (path) => gone(() => (version === 2 ? readV2(join(ROOT, path)) : readV1(path))),
    network: (pid) => gone(() => parseLinks(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))) ?? {},
    machine: (): MachineStatistics => parseMachine(readFileSync('/proc/stat', 'utf8'), TICK_NANOS),
  };
}

/** undefined for what ends while it is read. */
function gone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'ESRCH', 'EINVAL'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function readV1(path: string): CgroupStatistics {
  const text = (controller: string, file: string): string => readFileSync(join(ROOT, controller, path, file), 'utf8');
  const number = (controller: string, file: string): number => Number(text(controller, file).trim());
  const ticks = parseKeyValues(text('cpuacct', 'cpuacct.stat'));
  const throttling = parseKeyValues(gone(() => text('cpu', 'cpu.stat')) ?? '');
  const limit = number('memory', 'memory.limit_in_bytes');
  const perCpu = text('cpuacct', 'cpuacct.usage_percpu').trim().split(/\s+/).map(Number);
  return {
    cpu: {
      totalNanos: number('cpuacct', 'cpuacct.usage'),
      userNanos: (ticks['user'] ?? 0) * TICK_NANOS,
      kernelNanos: (ticks['system'] ?? 0) * TICK_NANOS,
      perCpuNanos: perCpu,
      periods: throttling['nr_periods'] ?? 0,
      throttledPeriods: throttling['nr_throttled'] ?? 0,
      throttledNanos: throttling['throttled_time'] ?? 0,
    },
    memory: {
      usageBytes: number('memory', 'memory.usage_in_bytes'),
      maxUsageBytes: number('memory', 'memory.max_usage_in_bytes'),
      failures: number('memory', 'memory.failcnt'),
      limitBytes: limit > NO_LIMIT_BYTES ? undefined : limit,
      details: parseKeyValues(text('memory', 'memory.stat')),
    },
    pids: pidsOf(gone(() => [text('pids', 'pids.current'), text('pids', 'pids.max')] as const)),
    blockBytes: parseBlockV1(gone(() => text('blkio', 'blkio.throttle.io_service_bytes_recursive')) ?? ''),
    blockOperations: parseBlockV1(gone(() => text('blkio', 'blkio.throttle.io_serviced_recursive')) ?? ''),
  };
}

function readV2(folder: string): CgroupStatistics {
  const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const cpu = parseKeyValues(text('cpu.stat'));
  const micros = (name: string): number => (cpu[name] ?? 0) * 1000;
  const limit = text('memory.max').trim();
  const io = gone(() => text('io.stat')) ?? '';
  return {
    cpu: {
      totalNanos: micros('usage_usec'),
      userNanos: micros('user_usec'),
      kernelNanos: micros('system_usec'),
      periods: cpu['nr_periods'] ?? 0,
      throttledPeriods: cpu['nr_throttled'] ?? 0,
      throttledNanos: micros('throttled_usec'),
    },
    memory: {
      usageBytes: Number(text('memory.current').trim()),
      failures: parseKeyValues(text('memory.events'))['oom'] ?? 0,
      limitBytes: limit === 'max' ? undefined : Number(limit),
      details: parseKeyValues(text('memory.stat')),
    },
    pids: pidsOf(gone(() => [text('pids.current'), text('pids.max')] as const)),
    blockBytes: parseBlockV2(io, 'rbytes', 'wbytes'),
    blockOperations: parseBlockV2(io, 'rios', 'wios'),
  };
}

function pidsOf(texts: readonly [string, string] | undefined): CgroupStatistics['pids'] {
  if (!texts) return undefined;
  const [current, most] = texts.map((text) => text.trim());
  return { current: Number(current), limit: most === 'max' ? undefined : Number(most) };
}
