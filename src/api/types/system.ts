/** Wire types of the Engine API 1.51: system. Field names and shapes follow the API definition. */
import type { ContainerSummary } from './container.ts';
import type { ImageSummary } from './image.ts';
import type { Volume } from './volume.ts';

export interface SystemVersion {
  Platform?: {
    Name?: string;
  };
  Components?: {
    Name?: string;
    Version?: string;
    Details?: Record<string, unknown> | null;
  }[];
  Version?: string;
  ApiVersion?: string;
  MinAPIVersion?: string;
  GitCommit?: string;
  GoVersion?: string;
  Os?: string;
  Arch?: string;
  KernelVersion?: string;
  Experimental?: boolean;
  BuildTime?: string;
}

export interface SystemInfo {
  ID?: string;
  Containers?: number;
  ContainersRunning?: number;
  ContainersPaused?: number;
  ContainersStopped?: number;
  Images?: number;
  Driver?: string;
  DriverStatus?: string[][];
  DockerRootDir?: string;
  Plugins?: PluginsInfo;
  MemoryLimit?: boolean;
  SwapLimit?: boolean;
  KernelMemoryTCP?: boolean;
  CpuCfsPeriod?: boolean;
  CpuCfsQuota?: boolean;
  CPUShares?: boolean;
  CPUSet?: boolean;
  PidsLimit?: boolean;
  OomKillDisable?: boolean;
  IPv4Forwarding?: boolean;
  Debug?: boolean;
  NFd?: number;
  NGoroutines?: number;
  SystemTime?: string;
  LoggingDriver?: string;
  CgroupDriver?: 'cgroupfs' | 'systemd' | 'none';
  CgroupVersion?: '1' | '2';
  NEventsListener?: number;
  KernelVersion?: string;
  OperatingSystem?: string;
  OSVersion?: string;
  OSType?: string;
  Architecture?: string;
  NCPU?: number;
  MemTotal?: number;
  IndexServerAddress?: string;
  RegistryConfig?: RegistryServiceConfig;
  GenericResources?: GenericResources;
  HttpProxy?: string;
  HttpsProxy?: string;
  NoProxy?: string;
  Name?: string;
  Labels?: string[];
  ExperimentalBuild?: boolean;
  ServerVersion?: string;
  Runtimes?: Record<string, Runtime>;
  DefaultRuntime?: string;
  Swarm?: {
    NodeID?: string;
    NodeAddr?: string;
    LocalNodeState?: '' | 'inactive' | 'pending' | 'active' | 'error' | 'locked';
    ControlAvailable?: boolean;
    Error?: string;
    RemoteManagers?:
      | {
          NodeID?: string;
          Addr?: string;
        }[]
      | null;
    Nodes?: number | null;
    Managers?: number | null;
    Cluster?: {
      ID?: string;
      Version?: {
        Index?: number;
      };
      CreatedAt?: string;
      UpdatedAt?: string;
      Spec?: {
        Name?: string;
        Labels?: Record<string, string>;
        Orchestration?: {
          TaskHistoryRetentionLimit?: number;
        } | null;
        Raft?: {
          SnapshotInterval?: number;
          KeepOldSnapshots?: number;
          LogEntriesForSlowFollowers?: number;
          ElectionTick?: number;
          HeartbeatTick?: number;
        };
        Dispatcher?: {
          HeartbeatPeriod?: number;
        } | null;
        CAConfig?: {
          NodeCertExpiry?: number;
          ExternalCAs?: {
            Protocol?: 'cfssl';
            URL?: string;
            Options?: Record<string, string>;
            CACert?: string;
          }[];
          SigningCACert?: string;
          SigningCAKey?: string;
          ForceRotate?: number;
        } | null;
        EncryptionConfig?: {
          AutoLockManagers?: boolean;
        };
        TaskDefaults?: {
          LogDriver?: {
            Name?: string;
            Options?: Record<string, string>;
          };
        };
      };
      TLSInfo?: {
        TrustRoot?: string;
        CertIssuerSubject?: string;
        CertIssuerPublicKey?: string;
      };
      RootRotationInProgress?: boolean;
      DataPathPort?: number;
      DefaultAddrPool?: string[];
      SubnetSize?: number;
    };
  };
  LiveRestoreEnabled?: boolean;
  Isolation?: 'default' | 'hyperv' | 'process' | '';
  InitBinary?: string;
  ContainerdCommit?: Commit;
  RuncCommit?: Commit;
  InitCommit?: Commit;
  SecurityOptions?: string[];
  ProductLicense?: string;
  DefaultAddressPools?: {
    Base?: string;
    Size?: number;
  }[];
  FirewallBackend?: FirewallInfo;
  DiscoveredDevices?: DeviceInfo[];
  Warnings?: string[];
  CDISpecDirs?: string[];
  Containerd?: ContainerdInfo;
}

export interface ContainerdInfo {
  Address?: string;
  Namespaces?: {
    Containers?: string;
    Plugins?: string;
  };
}

export interface FirewallInfo {
  Driver?: string;
  Info?: string[][];
}

export interface PluginsInfo {
  Volume?: string[];
  Network?: string[];
  Authorization?: string[];
  Log?: string[];
}

export interface RegistryServiceConfig {
  InsecureRegistryCIDRs?: string[];
  IndexConfigs?: Record<string, IndexInfo>;
  Mirrors?: string[];
}

export interface IndexInfo {
  Name?: string;
  Mirrors?: string[];
  Secure?: boolean;
  Official?: boolean;
}

export interface Runtime {
  path?: string;
  runtimeArgs?: string[] | null;
  status?: Record<string, string> | null;
}

export interface Commit {
  ID?: string;
}

export interface DeviceInfo {
  Source?: string;
  ID?: string;
}

export interface ErrorResponse {
  message?: string;
}

export interface IDResponse {
  Id?: string;
}

export type GenericResources = {
  NamedResourceSpec?: {
    Kind?: string;
    Value?: string;
  };
  DiscreteResourceSpec?: {
    Kind?: string;
    Value?: number;
  };
}[];

export interface BuildCacheRecord {
  ID: string;
  Parents?: string[];
  Type: 'internal' | 'frontend' | 'source.local' | 'source.git.checkout' | 'exec.cachemount' | 'regular';
  Description: string;
  InUse: boolean;
  Shared: boolean;
  Size: number;
  CreatedAt: string;
  LastUsedAt?: string | null;
  UsageCount: number;
}

/** Answer of GET /system/df; what was not asked for is null. */
export interface SystemDataUsage {
  LayersSize: number;
  Images: readonly ImageSummary[] | null;
  Containers: readonly ContainerSummary[] | null;
  Volumes: readonly Volume[] | null;
  BuildCache: readonly BuildCacheRecord[] | null;
  /** With `explain=1`, which is ours. */
  DataRoot?: DataRootAccount;
}

/** Every byte below the data root, by what it belongs to. An extension of this engine. */
export interface DataRootAccount {
  Path: string;
  Parts: readonly DataRootPart[];
  /** Every file and folder that one thing owns. */
  Items: readonly DataRootItem[];
  /** What du(1) says of the same folder, or why it does not. */
  Du: { ApparentBytes: number; DiskBytes: number } | { Error: string };
}

export interface DataRootSizes {
  Files: number;
  Folders: number;
  /** Lengths of the files, holes included. */
  FileBytes: number;
  /** The same with the folders' own: `du --apparent-size`. */
  ApparentBytes: number;
  /** Allocated blocks: `du`. */
  DiskBytes: number;
}

export interface DataRootPart extends DataRootSizes {
  Part: string;
  /** The line of `docker system df` that counts its FileBytes; empty: Docker's shapes have no place for it. */
  ShownAs: string;
}

export interface DataRootItem extends DataRootSizes {
  Path: string;
  Part: string;
  /** Names of images, a container, a volume. */
  Owner: string;
}
