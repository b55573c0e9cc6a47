import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the machine and this process are like at the moment. */
export interface HostState {
  /** Files that this process has open. */
  readonly openFiles: number;
  readonly ipv4Forwarding: boolean;
  /** What the kernel's control groups can limit. */
  readonly memoryLimit: boolean;
  readonly swapLimit: boolean;
  readonly cpuPeriod: boolean;
  readonly cpuQuota: boolean;
  readonly cpuShares: boolean;
  readonly cpuset: boolean;
  readonly pidsLimit: boolean;
  readonly oomKillDisable: boolean;
}

const CGROUP_ROOT = '/sys/fs/cgroup';

export function readHostState(cgroupVersion: 1 | 2): HostState {
  return {
    openFiles: readdirSync('/proc/self/fd').length,
    ipv4Forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1',
    ...(cgroupVersion === 1 ? limitsOfFirst() : limitsOfSecond()),
  };
}

/** Version 1: a file for each (cgroups(7)). */
function limitsOfFirst(): Omit<HostState, 'openFiles' | 'ipv4Forwarding'> {
  const has = (file: string): boolean => existsSync(join(CGROUP_ROOT, file));
  return {
    memoryLimit: has('memory/memory.limit_in_bytes'),
    swapLimit: has('memory/memory.memsw.limit_in_bytes'),
    cpuPeriod: has('cpu/cpu.cfs_period_us'),
    cpuQuota: has('cpu/cpu.cfs_quota_us'),
    cpuShares: has('cpu/cpu.shares'),
    cpuset: has('cpuset/cpuset.cpus'),
    pidsLimit: has('pids'),
    oomKillDisable: has('memory/memory.oom_control'),
  };
}

/** Version 2: controllers at the root, and files that only the groups below it have. */
function limitsOfSecond(): Omit<HostState, 'openFiles' | 'ipv4Forwarding'> {
  const controllers = readFileSync(join(CGROUP_ROOT, 'cgroup.controllers'), 'utf8').trim().split(' ');
  const below = readdirSync(CGROUP_ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const [memory, cpu] = [controllers.includes('memory'), controllers.includes('cpu')];
  return {
    memoryLimit: memory,
    swapLimit: memory && below.some(({ name }) => existsSync(join(CGROUP_ROOT, name, 'memory.swap.max'))),
    cpuPeriod: cpu,
    cpuQuota: cpu,
    cpuShares: cpu,
    cpuset: controllers.includes('cpuset'),
    pidsLimit: controllers.includes('pids'),
    oomKillDisable: false,
  };
}
