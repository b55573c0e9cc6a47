import type { HostConfig } from '../../../api/types/container.ts';
import { conflictingUpdate, invalid } from '../errors.ts';

/** Settings that `docker update` can change; 0 and empty mean: as it is. */
const NUMBERS = [
  'BlkioWeight',
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
] as const;
const TEXTS = ['CpusetCpus', 'CpusetMems'] as const;

/**
 * A container's settings with the changes of an update. Errors: conflict and invalid_parameter in Docker's words
 * (moby: container.UpdateContainer).
 */
export function mergeResources(host: HostConfig, change: HostConfig): HostConfig {
  checkCpu(host, change);
  const { Memory: memory = 0, MemorySwap: swap = 0 } = change;
  if (memory > 0 && swap === 0 && (host.MemorySwap ?? 0) > 0 && memory > (host.MemorySwap ?? 0))
    throw conflictingUpdate(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  const merged: HostConfig = { ...host };
  for (const name of NUMBERS) if (change[name]) merged[name] = change[name];
  for (const name of TEXTS) if (change[name]) merged[name] = change[name];
  if (change.PidsLimit !== undefined && change.PidsLimit !== null) merged.PidsLimit = change.PidsLimit;
  if (!change.RestartPolicy?.Name) return merged;
  if (host.AutoRemove && change.RestartPolicy.Name !== 'no')
    throw invalid('Restart policy cannot be updated because AutoRemove is enabled for the container');
  const { Name, MaximumRetryCount = 0 } = change.RestartPolicy;
  return { ...merged, RestartPolicy: { Name, MaximumRetryCount } };
}

function checkCpu(host: HostConfig, change: HostConfig): void {
  const clash = (what: string, set: string): never => {
    throw conflictingUpdate(`Conflicting options: ${what} cannot be updated as ${set} has already been set.`);
  };
  if (change.NanoCpus && host.CpuPeriod) clash('Nano CPUs', 'CPU Period');
  if (change.NanoCpus && host.CpuQuota) clash('Nano CPUs', 'CPU Quota');
  if (change.CpuPeriod && host.NanoCpus) clash('CPU Period', 'NanoCPUs');
  if (change.CpuQuota && host.NanoCpus) clash('CPU Quota', 'NanoCPUs');
}

/** The part of the settings that a change touches, with what belongs to it: what the runtime is told. */
export function touched(merged: HostConfig, change: HostConfig): HostConfig {
  const names = new Set<keyof HostConfig>([...NUMBERS, ...TEXTS].filter((name) => change[name]));
  if (names.has('Memory') || names.has('MemorySwap')) names.add('Memory').add('MemorySwap');
  if (names.has('CpuPeriod') || names.has('CpuQuota')) names.add('CpuPeriod').add('CpuQuota');
  return Object.fromEntries(Array.from(names, (name) => [name, merged[name]]));
}
