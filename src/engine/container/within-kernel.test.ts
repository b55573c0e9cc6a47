import { expect, test } from 'bun:test';
import type { HostConfig } from '../../api/types/container.ts';
import type { KernelLimits } from '../../linux/cgroup/kernel-limits.ts';
import { withinKernel } from './within-kernel.ts';

const EVERYTHING: KernelLimits = {
  memoryLimit: true,
  swapLimit: true,
  memoryReservation: true,
  memorySwappiness: true,
  oomKillDisable: true,
  kernelMemoryTcp: true,
  cpuPeriod: true,
  cpuQuota: true,
  cpuShares: true,
  cpuRealtime: true,
  cpuset: true,
  pidsLimit: true,
  blkioWeight: true,
  blkioWeightDevice: true,
  blkioThrottle: true,
};
const NOTHING = Object.fromEntries(Object.keys(EVERYTHING).map((name) => [name, false])) as unknown as KernelLimits;
const on = (limits: KernelLimits, host: HostConfig) => withinKernel({ cgroups: { limits } }, host);
const OR = 'or the cgroup is not mounted.';

test.each<[HostConfig, string, HostConfig]>([
  [{ Memory: 1e8, MemorySwap: 2e8 }, `memory limit capabilities ${OR} Limitation discarded.`, {}],
  [{ MemorySwappiness: 0 }, `memory swappiness capabilities ${OR} Memory swappiness discarded.`, {}],
  [{ MemoryReservation: 1e8 }, `memory soft limit capabilities ${OR} Limitation discarded.`, {}],
  [{ KernelMemoryTCP: 1e8 }, `kernel memory TCP limit capabilities ${OR} Limitation discarded.`, {}],
  [{ OomKillDisable: true }, 'OomKillDisable. OomKillDisable discarded.', {}],
  [{ PidsLimit: 10 }, `PIDs limit capabilities ${OR} PIDs limit discarded.`, {}],
  [{ CpuShares: 10 }, `CPU shares ${OR} Shares discarded.`, {}],
  [{ CpuQuota: 10_000, CpuPeriod: 20_000 }, 'CPU CFS scheduler. CPU period/quota discarded.', {}],
  [{ CpusetCpus: '0' }, `cpuset ${OR} Cpuset discarded.`, {}],
  [{ BlkioWeight: 10 }, `Block I/O weight ${OR} Weight discarded.`, {}],
  [{ BlkioWeightDevice: [{}] }, `Block I/O weight_device ${OR} Weight-device discarded.`, {}],
  [{ BlkioDeviceReadBps: [{}] }, `BPS Block I/O read limit ${OR} Block I/O BPS read limit discarded.`, {}],
  [{ BlkioDeviceWriteBps: [{}] }, `BPS Block I/O write limit ${OR} Block I/O BPS write limit discarded.`, {}],
  [{ BlkioDeviceReadIOps: [{}] }, `IOPS Block read limit ${OR} Block I/O IOPS read limit discarded.`, {}],
  [{ BlkioDeviceWriteIOps: [{}] }, `IOPS Block write limit ${OR} Block I/O IOPS write limit discarded.`, {}],
])('%j is left out of a kernel without it, and a warning says so; another has it', (host, text, left) => {
  expect(on(NOTHING, host)).toEqual({ possible: left, warnings: [`Your kernel does not support ${text}`] });
  expect(on(EVERYTHING, host).possible).toEqual(host);
});

test('a kernel that counts no swap limits memory alone', () => {
  const limits = { ...EVERYTHING, swapLimit: false };
  const warning = `Your kernel does not support swap limit capabilities ${OR} Memory limited without swap.`;
  expect(on(limits, { Memory: 1e8 })).toEqual({ possible: { Memory: 1e8, MemorySwap: -1 }, warnings: [warning] });
  expect(on(limits, { Memory: 1e8, MemorySwap: -1 }).warnings).toEqual([]);
});

test('what asks for nothing is left out without a word', () => {
  const host: HostConfig = {
    OomKillDisable: false,
    PidsLimit: -1,
    CpuShares: 0,
    BlkioWeightDevice: [],
    MemorySwappiness: -1,
  };
  expect(on(NOTHING, host)).toEqual({ possible: {}, warnings: [] });
  expect(on(EVERYTHING, { MemorySwappiness: -1 })).toEqual({ possible: {}, warnings: [] });
});

test('what only Windows has is discarded everywhere', () => {
  expect(on(EVERYTHING, { CpuPercent: 5, CpuCount: 1 })).toEqual({
    possible: {},
    warnings: [
      'linux does not support CPU percent. Percent discarded.',
      'linux does not support CPU count. Count discarded.',
    ],
  });
});

test('no OOM killer and no limit is worth a warning', () => {
  expect(on(EVERYTHING, { OomKillDisable: true }).warnings).toEqual([
    'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
  ]);
  expect(on(EVERYTHING, { OomKillDisable: true, Memory: 1e8 }).warnings).toEqual([]);
});
