import type {
  ContainerInspectResponse,
  ContainerState,
  Health,
  MountPoint,
  NetworkSettings,
} from '../../api/types/container.ts';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { ContainerRecord, HealthRecord, MountRecord, StateRecord } from '../../store/record/container-records.ts';
import type { ContainerContext } from './context.ts';
import { showConfig, showHostConfig } from './defaults.ts';
import { showLinks } from './links.ts';
import type { LiveContainer } from './live.ts';
import { parseSecurity, planAppArmor } from './spec/security.ts';
import { isRunning } from './state.ts';

/** See ContainerService.inspect; nothing waits but the sizes. */
export async function inspectContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  options: { readonly size: boolean },
): Promise<ContainerInspectResponse> {
  const { record } = live;
  const paths = ctx.bundles.paths(record.id);
  const command = [...(record.config.Entrypoint ?? []), ...(record.config.Cmd ?? [])];
  const sizes = options.size ? await measure(ctx, record) : undefined;
  return {
    Id: record.id,
    Created: record.created,
    Path: command[0] ?? '',
    Args: command.slice(1),
    State: toState(record.state),
    Image: record.image.id,
    ResolvConfPath: paths.resolvConf,
    HostnamePath: paths.hostname,
    HostsPath: paths.hosts,
    LogPath: record.hostConfig.LogConfig?.Type === 'json-file' ? paths.jsonLog : '',
    Name: `/${record.name}`,
    RestartCount: record.state.restartCount,
    Driver: ctx.settings.storageDriver,
    Platform: record.image.platform.os,
    ImageManifestDescriptor: { ...record.image.manifest, platform: record.image.platform },
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile:
      planAppArmor(
        parseSecurity(record.hostConfig.SecurityOpt ?? []),
        record.hostConfig.Privileged,
        ctx.settings.securityModules,
      ) ?? '',
    ExecIDs: live.execIds.size > 0 ? [...live.execIds] : null,
    HostConfig: showHostConfig(showLinks(ctx, record)),
    GraphDriver: graphDriver(ctx, record),
    ...sizes,
    Mounts: toMountPoints(ctx, record),
    Config: showConfig(record.config),
    NetworkSettings: toNetworkSettings(live),
  };
}

function toState(state: StateRecord): ContainerState {
  return {
    Status: state.status,
    Running: isRunning(state),
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: state.status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health && { Health: toHealth(state.health) }),
  };
}

function toHealth({ status, failingStreak, log }: HealthRecord): Health {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ start, end, exitCode, output }) => ({
      Start: start,
      End: end,
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

/** Bytes of the writable layer, and of it with the image. */
export async function measure(
  ctx: ContainerContext,
  record: ContainerRecord,
): Promise<{ readonly SizeRw: number; readonly SizeRootFs: number }> {
  const SizeRw = await ctx.bundles.sizeBytes(ctx.layers.rootfs(record.id).upper);
  return { SizeRw, SizeRootFs: SizeRw + ctx.layers.lowerSizeBytes(record.id) };
}

function graphDriver(
  ctx: ContainerContext,
  { id }: ContainerRecord,
): NonNullable<ContainerInspectResponse['GraphDriver']> {
  const { lower, upper, work } = ctx.layers.rootfs(id);
  return {
    Name: ctx.settings.storageDriver,
    Data: {
      ID: id,
      LowerDir: lower.join(':'),
      MergedDir: ctx.bundles.paths(id).rootfs,
      UpperDir: upper,
      WorkDir: work,
    },
  };
}

/** Mounts as the API lists them; those of HostConfig.Tmpfs are shown there alone. */
export function toMountPoints(ctx: ContainerContext, record: ContainerRecord): MountPoint[] {
  const { mounts, hostConfig } = record;
  const sources = volumeSources(ctx, record);
  const shown = mounts.filter(
    (mount) => !(mount.kind === 'tmpfs' && !mount.listed && hostConfig.Tmpfs && mount.destination in hostConfig.Tmpfs),
  );
  return shown.map((mount) => toMountPoint(mount, sources));
}

/** Host directories of a container's volumes; one that has vanished is left out. */
function volumeSources(ctx: ContainerContext, { mounts }: ContainerRecord): ReadonlyMap<string, string> {
  return new Map(
    mounts.flatMap((mount) => {
      const source = mount.kind === 'volume' ? ctx.volumes.mountpoint(mount.name) : undefined;
      return mount.kind === 'volume' && source !== undefined ? [[mount.name, source] as const] : [];
    }),
  );
}

function toMountPoint(mount: MountRecord, sources: ReadonlyMap<string, string>): MountPoint {
  const { destination, mode, readOnly } = mount;
  const base = { Destination: destination, Mode: mode, RW: !readOnly };
  switch (mount.kind) {
    case 'bind':
      return { Type: 'bind', Source: mount.source, ...base, Propagation: mount.propagation };
    case 'volume':
      return {
        Type: 'volume',
        Name: mount.name,
        Source: sources.get(mount.name) ?? '',
        ...base,
        Driver: mount.driver,
        Propagation: '',
      };
    case 'image':
      return { Type: 'image', Source: mount.source, ...base, Propagation: 'rprivate' };
    case 'tmpfs':
      return { Type: 'tmpfs', Source: '', ...base, Propagation: '' };
  }
}

const NO_ENDPOINT = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

/** Live endpoints while it runs, else the networks it will join, without addresses. */
export function endpointsOf({ record, attachment }: LiveContainer): Record<string, EndpointSettings> {
  const endpoints = { ...record.endpoints, ...attachment?.endpoints };
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, settings]) => [
      name,
      Object.assign({}, NO_ENDPOINT, settings) as EndpointSettings,
    ]),
  );
}

function toNetworkSettings(live: LiveContainer): NetworkSettings {
  const { attachment } = live;
  const bridge: EndpointSettings = attachment?.endpoints['bridge'] ?? {};
  return {
    Bridge: '',
    SandboxID: attachment?.sandboxId ?? '',
    SandboxKey: attachment?.sandboxKey ?? '',
    Ports: attachment?.ports ?? {},
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge.EndpointID ?? '',
    Gateway: bridge.Gateway ?? '',
    GlobalIPv6Address: bridge.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge.IPAddress ?? '',
    IPPrefixLen: bridge.IPPrefixLen ?? 0,
    IPv6Gateway: bridge.IPv6Gateway ?? '',
    MacAddress: bridge.MacAddress ?? '',
    Networks: endpointsOf(live),
  };
}
