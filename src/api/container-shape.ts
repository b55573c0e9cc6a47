import { decode, type FieldShapes, type Shape } from './shape.ts';
import type { ContainerConfig, HealthConfig, HostConfig, Mount, NetworkingConfig } from './types/container.ts';
import type { EndpointSettings } from './types/network.ts';

const TEXTS: Shape = { map: 'string' };
const STRINGS: Shape = { list: 'string' };
const SWITCHES: Shape = { map: { fields: {} } };
const RATES: Shape = { list: { fields: { Path: 'string', Rate: 'int' } } };

const HEALTH: FieldShapes<HealthConfig> = {
  Test: STRINGS,
  Interval: 'int',
  Timeout: 'int',
  Retries: 'int',
  StartPeriod: 'int',
  StartInterval: 'int',
};

const CONFIG: FieldShapes<ContainerConfig> = {
  Hostname: 'string',
  Domainname: 'string',
  User: 'string',
  AttachStdin: 'bool',
  AttachStdout: 'bool',
  AttachStderr: 'bool',
  ExposedPorts: SWITCHES,
  Tty: 'bool',
  OpenStdin: 'bool',
  StdinOnce: 'bool',
  Env: STRINGS,
  Cmd: 'words',
  Healthcheck: { fields: HEALTH },
  ArgsEscaped: 'bool',
  Image: 'string',
  Volumes: SWITCHES,
  WorkingDir: 'string',
  Entrypoint: 'words',
  NetworkDisabled: 'bool',
  MacAddress: 'string',
  OnBuild: STRINGS,
  Labels: TEXTS,
  StopSignal: 'string',
  StopTimeout: 'int',
  Shell: 'words',
};

const MOUNT: FieldShapes<Mount> = {
  Target: 'string',
  Source: 'string',
  Type: 'string',
  ReadOnly: 'bool',
  Consistency: 'string',
  BindOptions: {
    fields: {
      Propagation: 'string',
      NonRecursive: 'bool',
      CreateMountpoint: 'bool',
      ReadOnlyNonRecursive: 'bool',
      ReadOnlyForceRecursive: 'bool',
      IDMap: 'string',
    } satisfies FieldShapes<NonNullable<Mount['BindOptions']>>,
  },
  VolumeOptions: {
    fields: {
      NoCopy: 'bool',
      Labels: TEXTS,
      DriverConfig: { fields: { Name: 'string', Options: TEXTS } },
      Subpath: 'string',
    } satisfies FieldShapes<NonNullable<Mount['VolumeOptions']>>,
  },
  ImageOptions: { fields: { Subpath: 'string' } },
  TmpfsOptions: { fields: { SizeBytes: 'int', Mode: 'int', Options: { list: STRINGS } } },
};

const HOST: FieldShapes<HostConfig> = {
  LocalSecrets: { list: { fields: { Source: 'string', Target: 'string', UID: 'string', GID: 'string', Mode: 'int' } } },
  Binds: STRINGS,
  ContainerIDFile: 'string',
  LogConfig: { fields: { Type: 'string', Config: TEXTS } },
  NetworkMode: 'string',
  PortBindings: { map: { list: { fields: { HostIp: 'string', HostPort: 'string' } } } },
  RestartPolicy: { fields: { Name: 'string', MaximumRetryCount: 'int' } },
  AutoRemove: 'bool',
  VolumeDriver: 'string',
  VolumesFrom: STRINGS,
  Mounts: { list: { fields: MOUNT } },
  ConsoleSize: { list: 'int' },
  Annotations: TEXTS,
  CapAdd: 'words',
  CapDrop: 'words',
  CgroupnsMode: 'string',
  Dns: STRINGS,
  DnsOptions: STRINGS,
  DnsSearch: STRINGS,
  ExtraHosts: STRINGS,
  GroupAdd: STRINGS,
  IpcMode: 'string',
  Cgroup: 'string',
  Links: STRINGS,
  OomScoreAdj: 'int',
  PidMode: 'string',
  Privileged: 'bool',
  PublishAllPorts: 'bool',
  ReadonlyRootfs: 'bool',
  SecurityOpt: STRINGS,
  StorageOpt: TEXTS,
  Tmpfs: TEXTS,
  UTSMode: 'string',
  UsernsMode: 'string',
  ShmSize: 'int',
  Sysctls: TEXTS,
  Runtime: 'string',
  Isolation: 'string',
  MaskedPaths: STRINGS,
  ReadonlyPaths: STRINGS,
  CpuShares: 'int',
  Memory: 'int',
  CgroupParent: 'string',
  BlkioWeight: 'int',
  BlkioWeightDevice: { list: { fields: { Path: 'string', Weight: 'int' } } },
  BlkioDeviceReadBps: RATES,
  BlkioDeviceWriteBps: RATES,
  BlkioDeviceReadIOps: RATES,
  BlkioDeviceWriteIOps: RATES,
  CpuPeriod: 'int',
  CpuQuota: 'int',
  CpuRealtimePeriod: 'int',
  CpuRealtimeRuntime: 'int',
  CpusetCpus: 'string',
  CpusetMems: 'string',
  Devices: { list: { fields: { PathOnHost: 'string', PathInContainer: 'string', CgroupPermissions: 'string' } } },
  DeviceCgroupRules: STRINGS,
  DeviceRequests: {
    list: {
      fields: { Driver: 'string', Count: 'int', DeviceIDs: STRINGS, Capabilities: { list: STRINGS }, Options: TEXTS },
    },
  },
  KernelMemoryTCP: 'int',
  MemoryReservation: 'int',
  MemorySwap: 'int',
  MemorySwappiness: 'int',
  NanoCpus: 'int',
  OomKillDisable: 'bool',
  Init: 'bool',
  PidsLimit: 'int',
  Ulimits: { list: { fields: { Name: 'string', Soft: 'int', Hard: 'int' } } },
  CpuCount: 'int',
  CpuPercent: 'int',
  IOMaximumIOps: 'int',
  IOMaximumBandwidth: 'int',
};

export const ENDPOINT_SETTINGS: FieldShapes<EndpointSettings> = {
  IPAMConfig: { fields: { IPv4Address: 'string', IPv6Address: 'string', LinkLocalIPs: STRINGS } },
  Links: STRINGS,
  MacAddress: 'string',
  Aliases: STRINGS,
  DriverOpts: TEXTS,
  GwPriority: 'int',
  NetworkID: 'string',
  EndpointID: 'string',
  Gateway: 'string',
  IPAddress: 'string',
  IPPrefixLen: 'int',
  IPv6Gateway: 'string',
  GlobalIPv6Address: 'string',
  GlobalIPv6PrefixLen: 'int',
  DNSNames: STRINGS,
};

/** The body of POST /containers/create. Errors: invalid_parameter for a field of the wrong type. */
export function decodeCreate(body: Readonly<Record<string, unknown>>): {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networkingConfig: NetworkingConfig;
} {
  const networking: Shape = { fields: { EndpointsConfig: { map: { fields: ENDPOINT_SETTINGS } } } };
  const whole: Shape = { fields: { ...CONFIG, HostConfig: { fields: HOST }, NetworkingConfig: networking } };
  const { HostConfig, NetworkingConfig, ...config } = decode(body, whole, 'CreateRequest') as ContainerConfig & {
    readonly HostConfig?: HostConfig | null;
    readonly NetworkingConfig?: NetworkingConfig | null;
  };
  return { config, hostConfig: HostConfig ?? {}, networkingConfig: NetworkingConfig ?? {} };
}

const EXEC: Readonly<Record<string, Shape>> = {
  AttachStdin: 'bool',
  AttachStdout: 'bool',
  AttachStderr: 'bool',
  DetachKeys: 'string',
  Tty: 'bool',
  Env: STRINGS,
  Cmd: 'words',
  Privileged: 'bool',
  User: 'string',
  WorkingDir: 'string',
  ConsoleSize: { list: 'int' },
};

/** The body of POST /containers/{name}/exec. Errors: invalid_parameter for a field of the wrong type. */
export function decodeExec(body: Readonly<Record<string, unknown>>): object {
  return decode(body, { fields: EXEC }, 'ExecConfig') as object;
}
