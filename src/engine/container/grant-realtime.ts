import { posix } from 'node:path';
import type { HostConfig } from '../../api/types/container.ts';
import type { ContainerRecord } from '../../store/record/container-records.ts';
import { type ContainerContext, cgroupPath } from './context.ts';

/**
 * A cgroup's real-time time is a share of that above it, and none has any by itself: before a container gets some, those above it get what
 * the daemon's settings say. Errors: system when the kernel does not grant it.
 */
export function grantRealtime(
  { cgroups, settings }: Pick<ContainerContext, 'cgroups' | 'settings'>,
  record: ContainerRecord,
  { CpuRealtimePeriod, CpuRealtimeRuntime }: HostConfig = record.hostConfig,
): void {
  const { periodMicros, runtimeMicros } = settings.realtimeBudget;
  if (!CpuRealtimePeriod && !CpuRealtimeRuntime) return;
  if (periodMicros > 0 || runtimeMicros > 0)
    cgroups.grantRealtime(posix.dirname(cgroupPath({ settings }, record)), settings.realtimeBudget);
}
