import type { SystemInfo } from '../../api/types/system.ts';
import { bytesSize } from './size.ts';

/** The `Server:` part of `docker info` without its title, lines ended by newlines (docker/cli prettyPrintServerInfo). */
export function formatServerInfo(info: SystemInfo): string {
  const lines = [
    ...countLines(info),
    ...storageLines(info),
    ...pluginLines(info),
    ` Swarm: ${info.Swarm?.LocalNodeState ?? ''}`,
    ...runtimeLines(info),
    ...hostLines(info),
    ...daemonLines(info),
    ...registryLines(info),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled ?? false}`,
    ...field('Product License', info.ProductLicense),
    ...poolLines(info),
    ...firewallLines(info),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function field(name: string, value: string | undefined): readonly string[] {
  return value ? [` ${name}: ${value}`] : [];
}

function block(name: string, values: readonly string[] | null | undefined): readonly string[] {
  return values && values.length > 0 ? [` ${name}:`, ...values.map((value) => `  ${value}`)] : [];
}

function countLines(info: SystemInfo): readonly string[] {
  return [
    ` Containers: ${info.Containers ?? 0}`,
    `  Running: ${info.ContainersRunning ?? 0}`,
    `  Paused: ${info.ContainersPaused ?? 0}`,
    `  Stopped: ${info.ContainersStopped ?? 0}`,
    ` Images: ${info.Images ?? 0}`,
    ...field('Server Version', info.ServerVersion),
  ];
}

function storageLines(info: SystemInfo): readonly string[] {
  return [
    ` Storage Driver: ${info.Driver ?? ''}`,
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ...field('Logging Driver', info.LoggingDriver),
    ...field('Cgroup Driver', info.CgroupDriver),
    ...field('Cgroup Version', info.CgroupVersion),
  ];
}

function pluginLines({ Plugins, CDISpecDirs, DiscoveredDevices }: SystemInfo): readonly string[] {
  const authorization = Plugins?.Authorization ?? [];
  return [
    ' Plugins:',
    `  Volume: ${(Plugins?.Volume ?? []).join(' ')}`,
    `  Network: ${(Plugins?.Network ?? []).join(' ')}`,
    ...(authorization.length > 0 ? [`  Authorization: ${authorization.join(' ')}`] : []),
    `  Log: ${(Plugins?.Log ?? []).join(' ')}`,
    ...block('CDI spec directories', CDISpecDirs),
    ...block(
      'Discovered Devices',
      DiscoveredDevices?.map(({ Source, ID }) => `${Source}: ${ID}`),
    ),
  ];
}

function runtimeLines(info: SystemInfo): readonly string[] {
  const runtimes = Object.keys(info.Runtimes ?? {}).sort();
  const linux = info.OSType === 'linux';
  return [
    ...(runtimes.length > 0
      ? [` Runtimes: ${runtimes.join(' ')}`, ` Default Runtime: ${info.DefaultRuntime ?? ''}`]
      : []),
    ...(linux ? linuxLines(info) : []),
  ];
}

function linuxLines(info: SystemInfo): readonly string[] {
  const security = info.SecurityOptions ?? [];
  return [
    ` Init Binary: ${info.InitBinary ?? ''}`,
    ` containerd version: ${info.ContainerdCommit?.ID ?? ''}`,
    ` runc version: ${info.RuncCommit?.ID ?? ''}`,
    ` init version: ${info.InitCommit?.ID ?? ''}`,
    ...(security.length > 0 ? [' Security Options:', ...security.flatMap(securityLines)] : []),
  ];
}

/** `name=seccomp,profile=builtin` */
function securityLines(option: string): readonly string[] {
  const pairs = option.split(',').map((pair) => pair.split('='));
  const name = pairs.find(([key]) => key === 'name')?.[1] ?? option;
  const profiles = pairs.filter(([key]) => key === 'profile').map(([, value]) => `   Profile: ${value}`);
  return [`  ${name}`, ...profiles];
}

function hostLines(info: SystemInfo): readonly string[] {
  return [
    ...field('Kernel Version', info.KernelVersion),
    ...field('Operating System', info.OperatingSystem),
    ...field('OSType', info.OSType),
    ...field('Architecture', info.Architecture),
    ` CPUs: ${info.NCPU ?? 0}`,
    ` Total Memory: ${bytesSize(info.MemTotal ?? 0)}`,
    ...field('Name', info.Name),
    ...field('ID', info.ID),
  ];
}

function daemonLines(info: SystemInfo): readonly string[] {
  return [
    ` Docker Root Dir: ${info.DockerRootDir ?? ''}`,
    ` Debug Mode: ${info.Debug ?? false}`,
    ...(info.Debug ? debugLines(info) : []),
    ...field('HTTP Proxy', info.HttpProxy),
    ...field('HTTPS Proxy', info.HttpsProxy),
    ...field('No Proxy', info.NoProxy),
    ...block('Labels', info.Labels),
    ` Experimental: ${info.ExperimentalBuild ?? false}`,
  ];
}

function debugLines(info: SystemInfo): readonly string[] {
  return [
    `  File Descriptors: ${info.NFd ?? 0}`,
    `  Goroutines: ${info.NGoroutines ?? 0}`,
    `  System Time: ${info.SystemTime ?? ''}`,
    `  EventsListeners: ${info.NEventsListener ?? 0}`,
  ];
}

function registryLines({ RegistryConfig: config }: SystemInfo): readonly string[] {
  const insecure = Object.values(config?.IndexConfigs ?? {}).filter((index) => !index.Secure);
  const names = insecure.map((index) => index.Name ?? '');
  return [
    ...block('Insecure Registries', [...names, ...(config?.InsecureRegistryCIDRs ?? [])]),
    ...block('Registry Mirrors', config?.Mirrors),
  ];
}

function poolLines({ DefaultAddressPools: pools }: SystemInfo): readonly string[] {
  if (!pools || pools.length === 0) return [];
  return [' Default Address Pools:', ...pools.map(({ Base, Size }) => `   Base: ${Base}, Size: ${Size}`)];
}

function firewallLines({ FirewallBackend: firewall }: SystemInfo): readonly string[] {
  if (!firewall) return [];
  const details = (firewall.Info ?? []).map(([name, value]) => `  ${name}: ${value}`);
  return [` Firewall Backend: ${firewall.Driver ?? ''}`, ...details];
}
