import { KnownError } from '../../lib/errors.ts';
import type {
  ContainerConfig,
  ContainerInspectResponse,
  ContainerSummary,
  HostConfig,
  Mount,
  NetworkingConfig,
} from '../types/container.ts';
import { isBefore } from './version.ts';

interface CreateBody {
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networkingConfig: NetworkingConfig;
}

/**
 * What a client of this version of the API means by the body of a creation: what the version did not know is left out, and its defaults
 * are those of its time (moby, the container router's create). Errors: invalid_parameter for what must not be left out quietly.
 */
export function createBodyAs<T extends CreateBody>(version: string, body: T, cgroupVersion: 1 | 2): T {
  const { config, hostConfig, networkingConfig } = body;
  const endpoints = Object.keys(networkingConfig.EndpointsConfig ?? {});
  if (isBefore(version, '1.44') && endpoints.length > 1)
    throw new KnownError(
      'invalid_parameter',
      `Container cannot be connected to network endpoints: ${endpoints.join(', ')}`,
    );
  return { ...body, config: configAs(version, config), hostConfig: hostConfigAs(version, hostConfig, cgroupVersion) };
}

function configAs(version: string, config: ContainerConfig): ContainerConfig {
  const { Healthcheck: health } = config;
  if (!isBefore(version, '1.44') || !health) return config;
  const { StartInterval: _unknown, ...known } = health;
  return { ...config, Healthcheck: known };
}

function hostConfigAs(version: string, host: HostConfig, cgroupVersion: 1 | 2): HostConfig {
  return Object.assign(
    {},
    host,
    isBefore(version, '1.25') && { AutoRemove: false },
    isBefore(version, '1.40') && { KernelMemoryTCP: 0, IpcMode: host.IpcMode || 'shareable' },
    isBefore(version, '1.41') && cgroupVersion === 1 && { CgroupnsMode: host.CgroupnsMode || 'host' },
    isBefore(version, '1.42') && { ConsoleSize: null },
    isBefore(version, '1.43') && { Annotations: undefined },
    host.Mounts && { Mounts: host.Mounts.map((mount) => mountAs(version, mount)) },
  ) as HostConfig;
}

function mountAs(version: string, mount: Mount): Mount {
  const { BindOptions: bind, VolumeOptions: volume, TmpfsOptions: tmpfs, ...rest } = mount;
  const since = (first: string, what: string, used: unknown): void => {
    if (isBefore(version, first) && used)
      throw new KnownError('invalid_parameter', `${what} needs API v${first} or newer`);
  };
  since('1.44', 'BindOptions.ReadOnlyNonRecursive', bind?.ReadOnlyNonRecursive);
  since('1.44', 'BindOptions.ReadOnlyForceRecursive', bind?.ReadOnlyForceRecursive);
  since('1.45', 'VolumeOptions.Subpath', volume?.Subpath);
  since('1.46', 'TmpfsOptions.Options', tmpfs?.Options?.length);
  since('1.48', 'Mount type "Image"', mount.Type === 'image');
  // What is mounted below a read-only one stayed writable (the definition of ReadOnlyNonRecursive).
  if (!isBefore(version, '1.42'))
    return isBefore(version, '1.44') && mount.Type === 'bind' && mount.ReadOnly
      ? { ...mount, BindOptions: { ...bind, ReadOnlyNonRecursive: true } }
      : mount;
  const { CreateMountpoint: _unknown, ...given } = bind ?? {};
  const writableBelow = mount.Type === 'bind' && mount.ReadOnly === true;
  const known = { ...given, ...(writableBelow && { ReadOnlyNonRecursive: true }) };
  return {
    ...rest,
    ...((bind || writableBelow) && {
      BindOptions: isBefore(version, '1.40') ? { ...known, NonRecursive: false } : known,
    }),
    // these were not looked at on other types
    ...(volume && mount.Type === 'volume' && { VolumeOptions: volume }),
    ...(tmpfs && mount.Type === 'tmpfs' && { TmpfsOptions: tmpfs }),
  };
}

/** The body of an update: the limit of processes came with API 1.40. */
export function updateBodyAs<T extends { readonly PidsLimit?: unknown }>(
  version: string,
  body: T,
): Omit<T, 'PidsLimit'> | T {
  if (!isBefore(version, '1.40')) return body;
  const { PidsLimit: _unknown, ...known } = body;
  return known;
}

/** The body of an exec: the size of its terminal came with API 1.42. */
export function execBodyAs(version: string, body: { readonly ConsoleSize?: unknown }): object {
  if (!isBefore(version, '1.42')) return body;
  const { ConsoleSize: _unknown, ...known } = body;
  return known;
}

/** Modes of networks that are no network that a user has made. */
const BUILT_IN = ['bridge', 'host', 'none', 'default'];

/** A container as a client of this version knows it: before 1.45 its short id and host name stood among its aliases. */
export function containerInspectAs(version: string, container: ContainerInspectResponse): ContainerInspectResponse {
  const { ImageManifestDescriptor: manifest, NetworkSettings: settings, ...known } = container;
  const own = [container.Id?.slice(0, 12) ?? '', container.Config?.Hostname ?? ''];
  const networks = Object.entries(settings?.Networks ?? {}).map(([name, endpoint]) => {
    if (!isBefore(version, '1.45') || BUILT_IN.includes(name)) return [name, endpoint] as const;
    return [name, { ...endpoint, Aliases: [...new Set([...(endpoint.Aliases ?? []), ...own])] }] as const;
  });
  return {
    ...known,
    ...(manifest && !isBefore(version, '1.48') && { ImageManifestDescriptor: manifest }),
    NetworkSettings: { ...settings, Networks: Object.fromEntries(networks) },
  };
}

/** A row of a list of containers as a client of this version knows it. */
export function containerSummaryAs(version: string, container: ContainerSummary): ContainerSummary {
  const { ImageManifestDescriptor: manifest, HostConfig: host, ...known } = container;
  const { Annotations: annotations, ...mode } = host ?? {};
  return {
    ...known,
    ...(manifest && !isBefore(version, '1.48') && { ImageManifestDescriptor: manifest }),
    HostConfig: { ...mode, ...(annotations && !isBefore(version, '1.46') && { Annotations: annotations }) },
  };
}
