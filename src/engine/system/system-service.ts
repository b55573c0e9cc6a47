import type { DataRootAccount, SystemDataUsage } from '../../api/types/system.ts';
import { createSingleFlight } from '../../lib/async/single-flight.ts';
import type { HostState } from '../../linux/host/host-state.host.ts';
import { LOG_DRIVERS } from '../container/log/log-plan.ts';
import type { ContainerService } from '../container/service.ts';
import type { ImageService } from '../image/service.ts';
import { type DiskUsageDeps, diskUsage, explainDataRoot } from './disk-usage.ts';
import type { SystemService } from './service.ts';

/** Facts that do not change while the daemon runs. */
export interface SystemFacts {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
  readonly kernelVersion: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly architecture: string;
  readonly machine: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly cgroupVersion: 1 | 2;
  readonly dataRoot: string;
  readonly startedAt: string;
  readonly initBinary: string;
  readonly cdiFolders: readonly string[];
  /** Of the user's; the subnet as CIDR, and the prefix length of what is taken from it. */
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
}

/** What a user has set, as it is now. */
export interface SystemSettings {
  /** By name, the program, with the arguments that the user has given it. */
  readonly runtimes: Readonly<Record<string, { readonly argv: readonly string[]; readonly given: readonly string[] }>>;
  readonly defaultRuntime: string;
  readonly liveRestore: boolean;
  readonly logLevel: string;
  readonly loggingDriver: string;
  /** Without passwords. */
  readonly proxies: { readonly http: string; readonly https: string; readonly none: string };
  /** `key=value`. */
  readonly labels: readonly string[];
  readonly securityOptions: readonly string[];
  /** Names and CIDRs. */
  readonly insecureRegistries: readonly string[];
  /** Asked before Docker Hub. */
  readonly registryMirrors: readonly string[];
}

export function createSystemService(deps: {
  readonly facts: SystemFacts;
  readonly settings: () => SystemSettings;
  readonly host: () => HostState;
  readonly containers: ContainerService;
  readonly images: ImageService;
  readonly usage: DiskUsageDeps;
  readonly volumePlugins: () => readonly string[];
  /** Names of devices of CDI files, as they are now. */
  readonly devices: () => readonly string[];
  readonly eventListeners: () => number;
}): SystemService {
  const { facts } = deps;
  const usages = createSingleFlight<SystemDataUsage>();
  const accounts = createSingleFlight<DataRootAccount>();
  return {
    diskUsage: (types) => usages.run([...types].toSorted().join(), () => diskUsage(deps.usage, types)),
    explainDataRoot: () => accounts.run('', () => explainDataRoot(deps.usage)),
    async version() {
      return {
        Platform: { Name: 'skiff' },
        Components: [
          {
            Name: 'Engine',
            Version: facts.version,
            Details: {
              ApiVersion: facts.apiVersion,
              Arch: facts.architecture,
              BuildTime: facts.startedAt,
              Experimental: 'false',
              GitCommit: 'skiff',
              GoVersion: 'none',
              KernelVersion: facts.kernelVersion,
              MinAPIVersion: facts.minApiVersion,
              Os: 'linux',
            },
          },
        ],
        Version: facts.version,
        ApiVersion: facts.apiVersion,
        MinAPIVersion: facts.minApiVersion,
        GitCommit: 'skiff',
        GoVersion: 'none',
        Os: 'linux',
        Arch: facts.architecture,
        KernelVersion: facts.kernelVersion,
        BuildTime: facts.startedAt,
      };
    },
    async info() {
      const host = deps.host();
      const settings = deps.settings();
      const devices = deps.devices();
      const containers = await deps.containers.list({ all: true, size: false, filters: new Map() });
      const images = await deps.images.list({ all: false, digests: false, sharedSize: false, filters: new Map() });
      const count = (...states: readonly string[]): number =>
        containers.filter(({ State }) => states.includes(State ?? '')).length;
      return {
        ID: facts.id,
        Containers: containers.length,
        ContainersRunning: count('running', 'restarting'),
        ContainersPaused: count('paused'),
        ContainersStopped: count('created', 'exited', 'dead'),
        Images: images.length,
        Driver: 'overlay2',
        DriverStatus: [['Backing layers', 'one directory a layer']],
        DockerRootDir: facts.dataRoot,
        Plugins: {
          Volume: ['local', ...deps.volumePlugins()],
          Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null'],
          Authorization: [],
          Log: [...LOG_DRIVERS],
        },
        MemoryLimit: host.memoryLimit,
        SwapLimit: host.swapLimit,
        CpuCfsPeriod: host.cpuPeriod,
        CpuCfsQuota: host.cpuQuota,
        CPUShares: host.cpuShares,
        CPUSet: host.cpuset,
        PidsLimit: host.pidsLimit,
        OomKillDisable: host.oomKillDisable,
        IPv4Forwarding: host.ipv4Forwarding,
        Debug: settings.logLevel === 'debug',
        NFd: host.openFiles,
        NGoroutines: 0, // of Go's runtime
        SystemTime: new Date().toISOString(),
        LoggingDriver: settings.loggingDriver,
        CgroupDriver: 'cgroupfs',
        CgroupVersion: String(facts.cgroupVersion) as '1' | '2',
        NEventsListener: deps.eventListeners(),
        KernelVersion: facts.kernelVersion,
        OperatingSystem: facts.operatingSystem,
        OSVersion: facts.osVersion,
        OSType: 'linux',
        Architecture: facts.machine,
        NCPU: facts.cpus,
        MemTotal: facts.memoryBytes,
        IndexServerAddress: 'https://index.docker.io/v1/',
        RegistryConfig: {
          InsecureRegistryCIDRs: ['127.0.0.0/8', '::1/128', ...settings.insecureRegistries.filter(isCidr)],
          IndexConfigs: {
            ...Object.fromEntries(settings.insecureRegistries.filter((name) => !isCidr(name)).map(toInsecure)),
            'docker.io': { Name: 'docker.io', Mirrors: [...settings.registryMirrors], Secure: true, Official: true },
          },
          Mirrors: [...settings.registryMirrors],
        },
        GenericResources: [],
        HttpProxy: settings.proxies.http,
        HttpsProxy: settings.proxies.https,
        NoProxy: settings.proxies.none,
        Name: facts.name,
        Labels: [...settings.labels],
        ExperimentalBuild: false,
        ServerVersion: facts.version,
        Runtimes: Object.fromEntries(
          Object.entries(settings.runtimes).map(([name, { argv, given }]) => [
            name,
            { path: argv[0] ?? name, ...(given.length > 0 && { runtimeArgs: [...given] }) },
          ]),
        ),
        DefaultRuntime: settings.defaultRuntime,
        Swarm: {
          NodeID: '',
          NodeAddr: '',
          LocalNodeState: 'inactive',
          ControlAvailable: false,
          Error: '',
          RemoteManagers: null,
        },
        LiveRestoreEnabled: settings.liveRestore,
        Isolation: '',
        InitBinary: facts.initBinary,
        ContainerdCommit: { ID: '' },
        RuncCommit: { ID: '' },
        InitCommit: { ID: '' },
        SecurityOptions: [...settings.securityOptions],
        FirewallBackend: { Driver: 'nftables' },
        ...(facts.addressPools.length > 0 && {
          DefaultAddressPools: facts.addressPools.map(({ base, size }) => ({ Base: base, Size: size })),
        }),
        CDISpecDirs: [...facts.cdiFolders],
        ...(devices.length > 0 && { DiscoveredDevices: devices.map((ID) => ({ Source: 'cdi', ID })) }),
        Warnings: warningsOf(host),
      };
    },
  };
}

/** What clients print beside the rest (moby's fillSystemInfo). */
function warningsOf(host: HostState): string[] {
  const lacking = [
    [host.memoryLimit, 'No memory limit support'],
    [host.swapLimit, 'No swap limit support'],
    [host.cpuQuota, 'No cpu cfs quota support'],
    [host.cpuPeriod, 'No cpu cfs period support'],
    [host.cpuShares, 'No cpu shares support'],
    [host.cpuset, 'No cpuset support'],
    [host.ipv4Forwarding, 'IPv4 forwarding is disabled'],
  ] as const;
  return lacking.flatMap(([has, warning]) => (has ? [] : [`WARNING: ${warning}`]));
}

function isCidr(registry: string): boolean {
  return /^[0-9a-f.:]+\/\d+$/i.test(registry);
}

function toInsecure(Name: string): readonly [string, object] {
  return [Name, { Name, Mirrors: [], Secure: false, Official: false }];
}
