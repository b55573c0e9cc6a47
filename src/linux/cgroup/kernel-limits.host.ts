import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KernelLimits } from './kernel-limits.ts';

export function readKernelLimits(version: 1 | 2, root = '/sys/fs/cgroup'): KernelLimits {
  return version === 1 ? limitsOfFirst(root) : limitsOfSecond(root);
}

/** Version 1: a file for each (cgroups(7)). */
function limitsOfFirst(root: string): KernelLimits {
  const has = (file: string): boolean => existsSync(join(root, file));
  return {
    memoryLimit: has('memory/memory.limit_in_bytes'),
    swapLimit: has('memory/memory.memsw.limit_in_bytes'),
    memoryReservation: has('memory/memory.soft_limit_in_bytes'),
    memorySwappiness: has('memory/memory.swappiness'),
    oomKillDisable: has('memory/memory.oom_control'),
    kernelMemoryTcp: has('memory/memory.kmem.tcp.limit_in_bytes'),
    cpuPeriod: has('cpu/cpu.cfs_period_us'),
    cpuQuota: has('cpu/cpu.cfs_quota_us'),
    cpuShares: has('cpu/cpu.shares'),
    cpuRealtime: has('cpu/cpu.rt_runtime_us'),
    cpuset: has('cpuset/cpuset.cpus'),
    pidsLimit: has('pids'),
    blkioWeight: has('blkio/blkio.weight'),
    blkioWeightDevice: has('blkio/blkio.weight_device'),
    blkioThrottle: has('blkio/blkio.throttle.read_bps_device'),
  };
}

/** Version 2: controllers at the root, and files that only the groups below it have. */
function limitsOfSecond(root: string): KernelLimits {
  const controllers = readFileSync(join(root, 'cgroup.controllers'), 'utf8').trim().split(' ');
  const below = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const [memory, cpu, io] = ['memory', 'cpu', 'io'].map((name) => controllers.includes(name)) as [
    boolean,
    boolean,
    boolean,
  ];
  return {
    memoryLimit: memory,
    swapLimit: memory && below.some(({ name }) => existsSync(join(root, name, 'memory.swap.max'))),
    memoryReservation: memory,
    memorySwappiness: false,
    oomKillDisable: false,
    kernelMemoryTcp: false,
    cpuPeriod: cpu,
    cpuQuota: cpu,
    cpuShares: cpu,
    cpuRealtime: false,
    cpuset: controllers.includes('cpuset'),
    pidsLimit: controllers.includes('pids'),
    blkioWeight: io,
    blkioWeightDevice: io,
    blkioThrottle: io,
  };
}
