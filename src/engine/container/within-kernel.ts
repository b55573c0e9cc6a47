import type { HostConfig } from '../../api/types/container.ts';
import type { KernelLimits } from '../../linux/cgroup/kernel-limits.ts';
import type { ContainerContext } from './context.ts';

/** A setting that not every kernel has: without it, what asks for it is left out, and a warning says so. */
interface KernelNeed {
  readonly needs: keyof KernelLimits | 'another system';
  readonly fields: readonly (keyof HostConfig)[];
  readonly warning: string;
}

const OR_NOT_MOUNTED = 'or the cgroup is not mounted.';
/** In Docker's order and words (moby: daemon/daemon_unix.go, verifyPlatformContainerResources). */
const NEEDS: readonly KernelNeed[] = [
  lacks('memoryLimit', ['Memory'], `memory limit capabilities ${OR_NOT_MOUNTED} Limitation discarded.`),
  lacks(
    'memorySwappiness',
    ['MemorySwappiness'],
    `memory swappiness capabilities ${OR_NOT_MOUNTED} Memory swappiness discarded.`,
  ),
  lacks(
    'memoryReservation',
    ['MemoryReservation'],
    `memory soft limit capabilities ${OR_NOT_MOUNTED} Limitation discarded.`,
  ),
  lacks(
    'kernelMemoryTcp',
    ['KernelMemoryTCP'],
    `kernel memory TCP limit capabilities ${OR_NOT_MOUNTED} Limitation discarded.`,
  ),
  lacks('oomKillDisable', ['OomKillDisable'], 'OomKillDisable. OomKillDisable discarded.'),
  lacks('pidsLimit', ['PidsLimit'], `PIDs limit capabilities ${OR_NOT_MOUNTED} PIDs limit discarded.`),
  lacks('cpuShares', ['CpuShares'], `CPU shares ${OR_NOT_MOUNTED} Shares discarded.`),
  lacks('cpuQuota', ['CpuPeriod', 'CpuQuota'], 'CPU CFS scheduler. CPU period/quota discarded.'),
  {
    needs: 'another system',
    fields: ['CpuPercent'],
    warning: 'linux does not support CPU percent. Percent discarded.',
  },
  { needs: 'another system', fields: ['CpuCount'], warning: 'linux does not support CPU count. Count discarded.' },
  lacks('cpuset', ['CpusetCpus', 'CpusetMems'], `cpuset ${OR_NOT_MOUNTED} Cpuset discarded.`),
  lacks('blkioWeight', ['BlkioWeight'], `Block I/O weight ${OR_NOT_MOUNTED} Weight discarded.`),
  lacks(
    'blkioWeightDevice',
    ['BlkioWeightDevice'],
    `Block I/O weight_device ${OR_NOT_MOUNTED} Weight-device discarded.`,
  ),
  throttle('BlkioDeviceReadBps', 'BPS Block I/O read', 'Block I/O BPS read'),
  throttle('BlkioDeviceWriteBps', 'BPS Block I/O write', 'Block I/O BPS write'),
  throttle('BlkioDeviceReadIOps', 'IOPS Block read', 'Block I/O IOPS read'),
  throttle('BlkioDeviceWriteIOps', 'IOPS Block write', 'Block I/O IOPS write'),
];

/** What the kernel cannot do is left out, with a warning, as Docker has it at a creation and at an update. */
export function withinKernel(
  { cgroups: { limits } }: { readonly cgroups: Pick<ContainerContext['cgroups'], 'limits'> },
  host: HostConfig,
): { readonly possible: HostConfig; readonly warnings: string[] } {
  const warnings: string[] = [];
  const possible: HostConfig = { ...host };
  if (possible.MemorySwappiness === -1) delete possible.MemorySwappiness;
  for (const { needs, fields, warning } of NEEDS) {
    if (needs !== 'another system' && limits[needs]) continue;
    // a swappiness of 0 is a wish too
    if (fields.some((field) => asks(possible[field]) || (field === 'MemorySwappiness' && field in possible)))
      warnings.push(warning);
    for (const field of fields) delete possible[field];
  }
  if (host.Memory && !possible.Memory) delete possible.MemorySwap;
  if (possible.Memory && possible.MemorySwap !== -1 && !limits.swapLimit) {
    warnings.push(
      `Your kernel does not support swap limit capabilities ${OR_NOT_MOUNTED} Memory limited without swap.`,
    );
    possible.MemorySwap = -1;
  }
  if (possible.OomKillDisable && !possible.Memory)
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  return { possible, warnings };
}

/** 0, false, empty and negative (unlimited) ask for nothing. */
function asks(value: HostConfig[keyof HostConfig]): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return typeof value === 'number' ? value > 0 : Boolean(value);
}

function lacks(needs: keyof KernelLimits, fields: KernelNeed['fields'], what: string): KernelNeed {
  return { needs, fields, warning: `Your kernel does not support ${what}` };
}

function throttle(field: keyof HostConfig, limit: string, discarded: string): KernelNeed {
  return lacks('blkioThrottle', [field], `${limit} limit ${OR_NOT_MOUNTED} ${discarded} limit discarded.`);
}
