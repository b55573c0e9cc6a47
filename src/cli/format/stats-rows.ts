import type { ContainerStatsResponse } from '../../api/types/container.ts';
import { shortId } from './ellipsis.ts';
import type { RowType } from './row-type.ts';
import { bytesSize, humanSize } from './size.ts';

/** A line of `docker stats`; without a sample there is nothing to show yet. */
export interface StatsRow {
  /** As the user named it, or its id. */
  readonly container: string;
  readonly sample: ContainerStatsResponse | undefined;
}

/** The columns of `docker stats`. */
export function statsRows(truncate: boolean): RowType<StatsRow> {
  const shown = (text: (sample: ContainerStatsResponse) => string, otherwise: string) => (row: StatsRow) =>
    row.sample ? text(row.sample) : otherwise;
  return {
    type: '*container.statsContext',
    columns: {
      Container: { title: 'CONTAINER', text: ({ container }) => container },
      Name: { title: 'NAME', text: shown(({ name }) => (name ?? '').slice(1) || '--', '--') },
      ID: { title: 'CONTAINER ID', text: shown(({ id }) => (truncate ? shortId(id ?? '') : (id ?? '')), '--') },
      CPUPerc: { title: 'CPU %', text: shown((sample) => percent(cpuPercent(sample)), '--') },
      MemUsage: {
        title: 'MEM USAGE / LIMIT',
        text: shown((sample) => `${bytesSize(usedBytes(sample))} / ${bytesSize(limitBytes(sample))}`, '-- / --'),
      },
      MemPerc: { title: 'MEM %', text: shown((sample) => percent(memoryPercent(sample)), '--') },
      NetIO: { title: 'NET I/O', text: shown(netText, '--') },
      BlockIO: { title: 'BLOCK I/O', text: shown(blockText, '--') },
      PIDs: { title: 'PIDS', text: shown(({ pids_stats }) => String(pids_stats?.current ?? 0), '--') },
    },
  };
}

function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}

/** Share of one CPU since the reading before, by the machine's own time. */
export function cpuPercent({ cpu_stats: now = {}, precpu_stats: before = {} }: ContainerStatsResponse): number {
  const used = (now.cpu_usage?.total_usage ?? 0) - (before.cpu_usage?.total_usage ?? 0);
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || (now.cpu_usage?.percpu_usage?.length ?? 0);
  return passed > 0 && used > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Without the page cache that the kernel can take back at once. */
function usedBytes({ memory_stats: memory = {} }: ContainerStatsResponse): number {
  const usage = memory.usage ?? 0;
  const cache = memory.stats?.['total_inactive_file'] ?? memory.stats?.['inactive_file'] ?? 0;
  return cache < usage ? usage - cache : usage;
}

function limitBytes({ memory_stats: memory = {} }: ContainerStatsResponse): number {
  return memory.limit ?? 0;
}

function memoryPercent(sample: ContainerStatsResponse): number {
  return limitBytes(sample) === 0 ? 0 : (usedBytes(sample) / limitBytes(sample)) * 100;
}

function netText({ networks }: ContainerStatsResponse): string {
  const links = Object.values(networks ?? {});
  const received = links.reduce((sum, link) => sum + (link.rx_bytes ?? 0), 0);
  const sent = links.reduce((sum, link) => sum + (link.tx_bytes ?? 0), 0);
  return `${humanSize(received, 3)} / ${humanSize(sent, 3)}`;
}

function blockText({ blkio_stats }: ContainerStatsResponse): string {
  const sum = (first: string): number =>
    (blkio_stats?.io_service_bytes_recursive ?? [])
      .filter(({ op }) => op?.toLowerCase().startsWith(first))
      .reduce((bytes, { value }) => bytes + (value ?? 0), 0);
  return `${humanSize(sum('r'), 3)} / ${humanSize(sum('w'), 3)}`;
}
