import { setTimeout as delay } from 'node:timers/promises';
import type {
  ContainerBlkioStatEntry,
  ContainerCPUStats,
  ContainerStatsResponse,
} from '../../../api/types/container.ts';
import type { BlockStatistics, CgroupStatistics, Statistics } from '../../../linux/cgroup/statistics.ts';
import { type ContainerContext, cgroupPath, isCurrent } from '../context.ts';
import type { LiveContainer } from '../live.ts';
import { hasProcess, ZERO_TIME } from '../state.ts';

const INTERVAL_MS = 1000;
/** Between the two readings of one sample. The kernel counts the machine's time in hundredths of a second: an error of 2 % with two CPUs. */
const FIRST_INTERVAL_MS = 300;

export interface StatsContext {
  readonly containers: ContainerContext;
  readonly statistics: Statistics;
  /** What a container without a limit can have. */
  readonly memoryBytes: number;
}

/** See ContainerResourcesService.stats. */
export async function* streamStats(
  ctx: StatsContext,
  live: LiveContainer,
  { stream, oneShot }: { readonly stream: boolean; readonly oneShot: boolean },
  signal: AbortSignal,
): AsyncGenerator<ContainerStatsResponse> {
  let before = oneShot && !stream ? undefined : readSample(ctx, live);
  if (!stream) {
    if (before) await pause(FIRST_INTERVAL_MS, signal);
    yield toResponse(live, readSample(ctx, live), before);
    return;
  }
  while (!signal.aborted && isCurrent(ctx.containers, live)) {
    await pause(INTERVAL_MS, signal);
    if (signal.aborted) return;
    const sample = readSample(ctx, live);
    yield toResponse(live, sample, before);
    before = sample;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

interface Sample {
  readonly read: string;
  readonly cgroup: CgroupStatistics;
  readonly cpu: ContainerCPUStats;
  readonly networks: ContainerStatsResponse['networks'];
  readonly memoryBytes: number;
}

/** undefined: nothing runs. */
function readSample(ctx: StatsContext, { record }: LiveContainer): Sample | undefined {
  if (!hasProcess(record.state)) return undefined;
  const cgroup = ctx.statistics.cgroup(cgroupPath(ctx.containers, record));
  if (!cgroup) return undefined;
  return {
    read: new Date().toISOString(),
    cgroup,
    cpu: toCpu(cgroup, ctx.statistics.machine()),
    networks: networksOf(ctx, record),
    memoryBytes: ctx.memoryBytes,
  };
}

/** The host's own network, and another container's, are not this container's use. */
function networksOf(
  { statistics }: StatsContext,
  { hostConfig, state }: LiveContainer['record'],
): ContainerStatsResponse['networks'] {
  const mode = hostConfig.NetworkMode ?? '';
  if (mode === 'host' || mode.startsWith('container:')) return undefined;
  const links = Object.entries(statistics.network(state.pid));
  if (links.length === 0) return undefined;
  return Object.fromEntries(
    links.map(([name, link]) => [
      name,
      {
        rx_bytes: link.receivedBytes,
        rx_packets: link.receivedPackets,
        rx_errors: link.receivedErrors,
        rx_dropped: link.receivedDropped,
        tx_bytes: link.sentBytes,
        tx_packets: link.sentPackets,
        tx_errors: link.sentErrors,
        tx_dropped: link.sentDropped,
      },
    ]),
  );
}

const NO_CPU: ContainerCPUStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

function toResponse(
  { record }: LiveContainer,
  sample: Sample | undefined,
  before: Sample | undefined,
): ContainerStatsResponse {
  return {
    name: `/${record.name}`,
    id: record.id,
    read: sample?.read ?? ZERO_TIME,
    preread: before?.read ?? ZERO_TIME,
    pids_stats: sample?.cgroup.pids ? toPids(sample.cgroup.pids) : {},
    blkio_stats: toBlock(sample?.cgroup),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: sample?.cpu ?? NO_CPU,
    precpu_stats: before?.cpu ?? NO_CPU,
    memory_stats: sample ? toMemory(sample) : {},
    ...(sample?.networks && { networks: sample.networks }),
  };
}

function toPids({ current, limit }: NonNullable<CgroupStatistics['pids']>): ContainerStatsResponse['pids_stats'] {
  return { current, ...(limit !== undefined && { limit }) };
}

function toCpu({ cpu }: CgroupStatistics, machine: ReturnType<Statistics['machine']>): ContainerCPUStats {
  return {
    cpu_usage: {
      total_usage: cpu.totalNanos,
      ...(cpu.perCpuNanos && { percpu_usage: [...cpu.perCpuNanos] }),
      usage_in_kernelmode: cpu.kernelNanos,
      usage_in_usermode: cpu.userNanos,
    },
    system_cpu_usage: machine.cpuNanos,
    online_cpus: machine.cpus,
    throttling_data: {
      periods: cpu.periods,
      throttled_periods: cpu.throttledPeriods,
      throttled_time: cpu.throttledNanos,
    },
  };
}

function toMemory({ cgroup: { memory }, memoryBytes }: Sample): NonNullable<ContainerStatsResponse['memory_stats']> {
  return {
    usage: memory.usageBytes,
    ...(memory.maxUsageBytes !== undefined && { max_usage: memory.maxUsageBytes }),
    stats: memory.details,
    ...(memory.failures > 0 && { failcnt: memory.failures }),
    limit: Math.min(memory.limitBytes ?? memoryBytes, memoryBytes),
  };
}

function toBlock(cgroup: CgroupStatistics | undefined): NonNullable<ContainerStatsResponse['blkio_stats']> {
  const rows = (entries: readonly BlockStatistics[] | undefined): ContainerBlkioStatEntry[] | null =>
    entries?.map(({ major, minor, operation, value }) => ({ major, minor, op: operation, value })) ?? null;
  const bytes = rows(cgroup?.blockBytes);
  // What this kernel counts no more: Docker has empty lists for it, and null for what does not run.
  const none = cgroup ? [] : null;
  return Object.assign(
    { io_service_bytes_recursive: bytes },
    {
      io_serviced_recursive: rows(cgroup?.blockOperations),
      io_queue_recursive: none,
      io_service_time_recursive: none,
      io_wait_time_recursive: none,
      io_merged_recursive: none,
      io_time_recursive: none,
      sectors_recursive: none,
    },
  ) as NonNullable<ContainerStatsResponse['blkio_stats']>;
}
