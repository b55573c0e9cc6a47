import { readdirSync, readFileSync } from 'node:fs';
import { readKernelLimits } from '../cgroup/kernel-limits.host.ts';
import type { KernelLimits } from '../cgroup/kernel-limits.ts';

/** What the machine and this process are like at the moment. */
export interface HostState extends KernelLimits {
  /** Files that this process has open. */
  readonly openFiles: number;
  readonly ipv4Forwarding: boolean;
}

export function readHostState(cgroupVersion: 1 | 2): HostState {
  return {
    openFiles: readdirSync('/proc/self/fd').length,
    ipv4Forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1',
    ...readKernelLimits(cgroupVersion),
  };
}
