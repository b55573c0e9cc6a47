import type { HostConfig, ThrottleDevice } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { DeviceRule, SpecDevice } from './runtime-spec.ts';

const CPU_PERIOD_MICROS = 100_000;

/** OCI linux.resources for a container's limits. `numbersOf` gives the device file's numbers for throttling. */
export function planResources(
  host: HostConfig,
  rules: readonly DeviceRule[],
  numbersOf: (path: string) => readonly SpecDevice[],
  cgroupVersion: 1 | 2,
): Readonly<Record<string, unknown>> {
  return {
    devices: rules,
    memory: prune({
      limit: host.Memory || undefined,
      swap: host.MemorySwap || undefined,
      reservation: host.MemoryReservation || undefined,
      swappiness: cgroupVersion === 1 && (host.MemorySwappiness ?? -1) >= 0 ? host.MemorySwappiness : undefined,
      kernelTCP: host.KernelMemoryTCP || undefined,
      disableOOMKiller: cgroupVersion === 1 && host.OomKillDisable ? true : undefined,
    }),
    cpu: prune({
      shares: host.CpuShares || undefined,
      ...quota(host),
      cpus: host.CpusetCpus || undefined,
      mems: host.CpusetMems || undefined,
      realtimePeriod: host.CpuRealtimePeriod || undefined,
      realtimeRuntime: host.CpuRealtimeRuntime || undefined,
    }),
    pids: host.PidsLimit && host.PidsLimit > 0 ? { limit: host.PidsLimit } : undefined,
    blockIO: blockIo(host, numbersOf),
  };
}

function quota({ NanoCpus, CpuQuota, CpuPeriod }: HostConfig): { readonly quota?: number; readonly period?: number } {
  if (NanoCpus) return { period: CPU_PERIOD_MICROS, quota: Math.floor((NanoCpus * CPU_PERIOD_MICROS) / 1e9) };
  return { ...(CpuQuota && { quota: CpuQuota }), ...(CpuPeriod && { period: CpuPeriod }) };
}

function blockIo(host: HostConfig, numbersOf: (path: string) => readonly SpecDevice[]): object | undefined {
  const throttle = (devices: readonly ThrottleDevice[] | undefined): readonly object[] | undefined =>
    devices?.length ? devices.map(({ Path, Rate }) => ({ ...numbers(Path ?? '', numbersOf), rate: Rate })) : undefined;
  return prune({
    weight: host.BlkioWeight || undefined,
    weightDevice: host.BlkioWeightDevice?.length
      ? host.BlkioWeightDevice.map(({ Path, Weight }) => ({ ...numbers(Path ?? '', numbersOf), weight: Weight }))
      : undefined,
    throttleReadBpsDevice: throttle(host.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttle(host.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttle(host.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttle(host.BlkioDeviceWriteIOps),
  });
}

function numbers(
  path: string,
  numbersOf: (path: string) => readonly SpecDevice[],
): { readonly major: number; readonly minor: number } {
  const [device] = numbersOf(path);
  if (!device) throw new KnownError('invalid_parameter', `no device at ${path}`);
  return { major: device.major, minor: device.minor };
}

/** Leaves out what is undefined; undefined when nothing is left. */
function prune(values: Readonly<Record<string, unknown>>): object | undefined {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return set.length > 0 ? Object.fromEntries(set) : undefined;
}

const RLIMITS = [
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
  'as',
];

/** `--ulimit`s. Errors: invalid_parameter for an unknown name, soft over hard, or more than the daemon may give. */
export function planLimits(
  ulimits: HostConfig['Ulimits'],
  hardLimits: Readonly<Record<string, number>>,
): readonly { readonly type: string; readonly hard: number; readonly soft: number }[] {
  return (ulimits ?? []).map(({ Name = '', Soft = 0, Hard = 0 }) => {
    if (!RLIMITS.includes(Name)) throw new KnownError('invalid_parameter', `invalid ulimit type: ${Name}`);
    const type = `RLIMIT_${Name.toUpperCase()}`;
    const [soft, hard] = [unlimited(Soft), unlimited(Hard)];
    if (soft > hard)
      throw new KnownError(
        'invalid_parameter',
        `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`,
      );
    const most = hardLimits[type];
    if (most !== undefined && hard > most)
      throw new KnownError(
        'invalid_parameter',
        `ulimit ${Name}=${Hard} is above the daemon's own limit of ${most}, which it has no right to raise (CAP_SYS_RESOURCE)`,
      );
    return { type, hard, soft };
  });
}

function unlimited(value: number): number {
  return value === -1 ? Number.MAX_SAFE_INTEGER : value;
}
