/** Wire types of the Engine API 1.51: system. Field names and shapes follow the API definition. */

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
