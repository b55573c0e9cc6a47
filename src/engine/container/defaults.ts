import type { ContainerConfig, HostConfig } from '../../api/types/container.ts';

const SHM_BYTES = 64 * 1024 * 1024;

/** What the API shows for settings that a request leaves out. */
const SHOWN_DEFAULTS: object = {
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: 'json-file', Config: {} },
  PortBindings: {},
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: [],
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

export interface HostDefaults {
  readonly runtime: string;
  readonly cgroupVersion: 1 | 2;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
}

/** A request's HostConfig as it is kept: normal forms, the engine's own defaults, nothing unset that inspect shows. */
export function withHostDefaults(host: HostConfig, defaults: HostDefaults): HostConfig {
  const mode = host.NetworkMode ?? '';
  const set = Object.fromEntries(Object.entries(host).filter(([, value]) => value !== undefined && value !== null));
  const privileged = host.Privileged ?? false;
  const own: object = {
    NetworkMode: mode === '' || mode === 'default' ? 'bridge' : mode,
    LogConfig: { Type: host.LogConfig?.Type || 'json-file', Config: host.LogConfig?.Config ?? {} },
    RestartPolicy: {
      Name: host.RestartPolicy?.Name || 'no',
      MaximumRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    CgroupnsMode: host.CgroupnsMode || (defaults.cgroupVersion === 2 && !privileged ? 'private' : 'host'),
    IpcMode: host.IpcMode || 'private',
    ShmSize: host.ShmSize || SHM_BYTES,
    Runtime: host.Runtime || defaults.runtime,
    PidsLimit: (host.PidsLimit ?? 0) > 0 ? host.PidsLimit : null,
    MemorySwap: host.MemorySwap || (host.Memory ? host.Memory * 2 : 0),
    MaskedPaths: host.MaskedPaths ?? (privileged ? null : [...defaults.maskedPaths]),
    ReadonlyPaths: host.ReadonlyPaths ?? (privileged ? null : [...defaults.readonlyPaths]),
  };
  const shown: HostConfig = Object.assign({}, SHOWN_DEFAULTS, set, own);
  return shown;
}

/** A request's Config as inspect shows it. */
export function withConfigDefaults(config: ContainerConfig, image: string, hostname: string): ContainerConfig {
  const ports = config.ExposedPorts ?? {};
  return Object.assign(
    {
      Domainname: '',
      AttachStdin: false,
      AttachStdout: false,
      AttachStderr: false,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
    },
    config,
    {
      Hostname: config.Hostname || hostname,
      Image: image,
      ExposedPorts: Object.keys(ports).length > 0 ? normalPorts(ports) : undefined,
      Volumes: config.Volumes && Object.keys(config.Volumes).length > 0 ? config.Volumes : null,
      Entrypoint: config.Entrypoint?.length ? config.Entrypoint : null,
      Cmd: config.Cmd?.length ? config.Cmd : null,
      OnBuild: null,
      StopSignal: config.StopSignal || undefined,
      Labels: config.Labels ?? {},
    },
  ) as ContainerConfig;
}

/** Every port with its protocol, as the API shows them. */
function normalPorts(
  ports: Readonly<Record<string, Record<string, unknown>>>,
): Record<string, Record<string, unknown>> {
  return Object.fromEntries(Object.keys(ports).map((port) => [port.includes('/') ? port : `${port}/tcp`, {}]));
}
