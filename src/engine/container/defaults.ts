import type { ContainerConfig, HostConfig } from '../../api/types/container.ts';

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

export type LogDriver = NonNullable<NonNullable<HostConfig['LogConfig']>['Type']>;

type Ulimit = NonNullable<HostConfig['Ulimits']>[number];

export interface HostDefaults {
  readonly runtime: string;
  readonly cgroupVersion: 1 | 2;
  readonly maskedPaths: readonly string[];
  readonly readonlyPaths: readonly string[];
  readonly ulimits: readonly Ulimit[];
  readonly shmBytes: number;
  readonly ipcMode: 'private' | 'shareable';
  /** undefined: the cgroup version decides. */
  readonly cgroupnsMode: 'private' | 'host' | undefined;
  readonly init: boolean;
  /** For containers that ask for none of that kind themselves; looked up at each start, and not part of their record. */
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly log: { readonly driver: LogDriver; readonly options: Readonly<Record<string, string>> };
}

/** A request's HostConfig as it is kept: normal forms and the engine's own defaults; what is unset (null on the wire) is absent. */
export function withHostDefaults(host: HostConfig, defaults: HostDefaults): HostConfig {
  const { PidsLimit: pids, ...set } = withoutNulls(host);
  const mode = set.NetworkMode ?? '';
  const privileged = set.Privileged ?? false;
  return {
    ...set,
    NetworkMode: mode === '' || mode === 'default' ? 'bridge' : mode,
    LogConfig: logConfig(set.LogConfig, defaults),
    RestartPolicy: {
      Name: set.RestartPolicy?.Name || 'no',
      MaximumRetryCount: set.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    CgroupnsMode: set.CgroupnsMode || defaults.cgroupnsMode || (defaults.cgroupVersion === 2 ? 'private' : 'host'),
    IpcMode: set.IpcMode || defaults.ipcMode,
    ShmSize: set.ShmSize || defaults.shmBytes,
    Runtime: set.Runtime || defaults.runtime,
    ...ulimits(set.Ulimits ?? [], defaults),
    ...(defaults.init && { Init: set.Init ?? true }),
    ...(pids && pids > 0 && { PidsLimit: pids }),
    ...(defaults.cgroupVersion === 1 && { OomKillDisable: set.OomKillDisable ?? false }),
    MemorySwap: set.MemorySwap || (set.Memory ? set.Memory * 2 : 0),
    MaskedPaths: set.MaskedPaths ?? (privileged ? [] : [...defaults.maskedPaths]),
    ReadonlyPaths: set.ReadonlyPaths ?? (privileged ? [] : [...defaults.readonlyPaths]),
  };
}

/** The daemon's options are for its own driver only, except those of the cache, which every driver that sends has. */
function logConfig(given: HostConfig['LogConfig'], { log }: HostDefaults): NonNullable<HostConfig['LogConfig']> {
  const driver = given?.Type || log.driver;
  const options = Object.entries(log.options).filter(([key]) => driver === log.driver || key.startsWith('cache-'));
  return { Type: driver, Config: { ...Object.fromEntries(options), ...given?.Config } };
}

/** Those of the request, and the daemon's for what they do not name. */
function ulimits(own: readonly Ulimit[], defaults: HostDefaults): Pick<HostConfig, 'Ulimits'> {
  const others = defaults.ulimits.filter(({ Name }) => !own.some((one) => one.Name === Name));
  return others.length > 0 ? { Ulimits: [...own, ...others] } : {};
}

/** As inspect shows it: every field, null where Docker has null. */
export function showHostConfig(host: HostConfig): HostConfig {
  const paths = host.Privileged && host.MaskedPaths?.length === 0 ? { MaskedPaths: null, ReadonlyPaths: null } : {};
  return Object.assign({}, SHOWN_DEFAULTS, host, paths);
}

/** A merged Config as it is kept; what is unset is absent. */
export function withConfigDefaults(merged: ContainerConfig, image: string, hostname: string): ContainerConfig {
  const config = withoutNulls(merged);
  return {
    ...config,
    Hostname: config.Hostname || hostname,
    Image: image,
    ExposedPorts: normalPorts(config.ExposedPorts ?? {}),
    Labels: config.Labels ?? {},
  };
}

/** As inspect shows it. */
export function showConfig(config: ContainerConfig): ContainerConfig {
  const { ExposedPorts: ports, StopSignal: signal, ...rest } = config;
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
    rest,
    {
      ...(ports && Object.keys(ports).length > 0 && { ExposedPorts: ports }),
      ...(signal && { StopSignal: signal }),
      Volumes: config.Volumes && Object.keys(config.Volumes).length > 0 ? config.Volumes : null,
      Entrypoint: config.Entrypoint?.length ? config.Entrypoint : null,
      Cmd: config.Cmd?.length ? config.Cmd : null,
      OnBuild: null,
    },
  ) as ContainerConfig;
}

/** JSON of the clients has null for what is unset; the types do not. */
export function withoutNulls<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null && field !== undefined)) as T;
}

/** Every port with its protocol, as the API shows them. */
function normalPorts(
  ports: Readonly<Record<string, Record<string, unknown>>>,
): Record<string, Record<string, unknown>> {
  return Object.fromEntries(Object.keys(ports).map((port) => [port.includes('/') ? port : `${port}/tcp`, {}]));
}
