import { randomBytes } from 'node:crypto';
import { join, posix } from 'node:path';
import type { ContainerCreateResponse, HostConfig } from '../../api/types/container.ts';
import type { EndpointSettings } from '../../api/types/network.ts';
import { isKind, messageOf } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ContainerRecord, MountRecord } from '../../store/record/container-records.ts';
import type { ResolvedImage } from '../image/image.ts';
import { type ContainerContext, publish } from './context.ts';
import { withPropagation } from './daemon-root.ts';
import { withConfigDefaults, withHostDefaults, withoutNulls } from './defaults.ts';
import { invalid, invalidName, nameInUse, overExistingFile, unknownRuntime } from './errors.ts';
import { isOnDefaultBridge, planLinks } from './links.ts';
import { planLog } from './log/log-plan.ts';
import { mergeConfig } from './merge.ts';
import { parseVolumesFrom, planMounts } from './mounts.ts';
import { generateName } from './name-generator.ts';
import { requireSecret } from './secrets.ts';
import type { CreateRequest } from './service.ts';
import { missingCapabilities } from './spec/capabilities.ts';
import { parseSecurity, securityWarnings } from './spec/security.ts';
import { createImageLayers, resolveImages } from './staged-mounts.ts';
import { ZERO_TIME } from './state.ts';
import { checkUserns } from './user-namespace.ts';
import { validateConfig, validateHostConfig } from './validate.ts';
import { withinKernel } from './within-kernel.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** Everything is durable when it resolves; a failure leaves nothing. Errors: not_found (image), conflict (name), invalid_parameter, not_implemented. */
export async function createContainer(ctx: ContainerContext, request: CreateRequest): Promise<ContainerCreateResponse> {
  const given = request.name?.replace(/^\//, '');
  if (given) checkName(ctx, given);
  using _held = await ctx.images.hold();
  const image = request.layers
    ? bareImage(request.layers)
    : await ctx.images.resolve(request.config.Image ?? '', request.platform);
  const { possible, warnings } = withinKernel(ctx, request.hostConfig);
  const planned = planRecord(ctx, { ...request, hostConfig: possible }, image, given);
  const record = { ...planned, mounts: await resolveImages(ctx, planned.mounts) };
  await using undo = new AsyncDisposableStack();
  const named = await makeVolumes(ctx, record, undo);
  await makeFiles(ctx, record, undo);
  await fillVolumes(ctx, record);
  insert(ctx, { ...record, mounts: named });
  undo.move();
  ctx.cgroups.expectMoves();
  publish(ctx, record, 'create');
  return { Id: record.id, Warnings: [...warnings, ...warningsOf(request, image, ctx.settings)] };
}

/** Layers of no image. */
function bareImage({ chain, platform }: NonNullable<CreateRequest['layers']>): ResolvedImage {
  const { os, architecture, variant } = platform;
  const none = '' as Digest;
  return {
    id: none,
    manifest: { mediaType: '', digest: none, size: 0 },
    platform: { os, architecture, ...(variant ? { variant } : {}) },
    config: {},
    chain,
  };
}

/** Errors: invalid_parameter, conflict. */
export function checkName(ctx: Pick<ContainerContext, 'table'>, name: string): void {
  if (!NAME.test(name)) throw invalidName(name);
  const owner = ctx.table.ownerOf(name);
  if (owner) throw nameInUse(name, owner.record.id);
}

function planRecord(
  ctx: ContainerContext,
  request: CreateRequest,
  image: ResolvedImage,
  givenName: string | undefined,
): ContainerRecord {
  const { settings, table } = ctx;
  const id = makeId();
  const host = withoutNulls(request.hostConfig);
  const given = withoutNulls(request.config);
  const merged = mergeConfig(given, withoutNulls(image.config));
  validateConfig(merged);
  validateHostConfig(host, given, settings);
  checkUserns(settings, host);
  if (host.Runtime && !settings.runtimes[host.Runtime]) throw unknownRuntime(host.Runtime);
  const hostConfig = withLinks(ctx, joinById(ctx, withHostDefaults(host, settings.defaults)));
  const from = (host.VolumesFrom ?? []).map(parseVolumesFrom);
  const mounts = planMounts(
    host,
    merged,
    from.map(({ container, readOnly }) => ({ mounts: mountsOf(table, container), readOnly })),
  ).map((mount) => withPropagation(mount, settings.dataRoot));
  for (const mount of mounts)
    if (mount.kind === 'bind' && !mount.createSource && !ctx.bundles.exists(mount.source))
      throw invalid(`invalid mount config for type "bind": bind source path does not exist: ${mount.source}`);
  for (const { Source = '' } of host.LocalSecrets ?? []) requireSecret(ctx, Source);
  const name =
    givenName ||
    generateName((candidate) => table.ownerOf(candidate) !== undefined, ctx.random ?? Math.random) ||
    id.slice(0, 12);
  const config = withConfigDefaults(merged, request.config.Image ?? '', defaultHostname(ctx, hostConfig, id));
  const created = new Date().toISOString();
  planLog(hostConfig.LogConfig, { id, name, imageId: image.id, created, config });
  return {
    id,
    name,
    created,
    image: {
      id: image.id,
      reference: request.config.Image ?? '',
      manifest: image.manifest,
      platform: image.platform,
      chain: image.chain,
    },
    config,
    hostConfig,
    endpoints: endpointsOf(ctx, request, hostConfig),
    mounts: mounts.map(nameVolume),
    state: {
      status: 'created',
      pid: 0,
      exitCode: 0,
      error: '',
      oomKilled: false,
      startedAt: ZERO_TIME,
      finishedAt: ZERO_TIME,
      restartCount: 0,
      manuallyStopped: false,
    },
  };
}

/** Errors: invalid_parameter, since a client takes not_found for a missing image. */
function mountsOf(table: ContainerContext['table'], container: string): readonly MountRecord[] {
  try {
    return table.find(container).record.mounts;
  } catch (error) {
    throw isKind(error, 'not_found') ? invalid(messageOf(error)) : error;
  }
}

/** 64 hex digits, whose first twelve are not all decimal: such a short id could be taken for a number. */
function makeId(): string {
  const id = randomBytes(32).toString('hex');
  return /^\d{12}/.test(id) ? makeId() : id;
}

function nameVolume(mount: MountRecord): MountRecord {
  return mount.kind === 'volume' && mount.name === '' ? { ...mount, name: randomBytes(32).toString('hex') } : mount;
}

/** `container:name` becomes `container:id`, so that a rename does not matter; an unknown one is left for the start to refuse. */
function joinById(ctx: ContainerContext, hostConfig: HostConfig): HostConfig {
  const byId = (mode: string | undefined): string | undefined => {
    if (!mode?.startsWith('container:')) return mode;
    try {
      return `container:${ctx.table.find(mode.slice('container:'.length)).record.id}`;
    } catch (error) {
      if (isKind(error, 'not_found')) return mode;
      throw error;
    }
  };
  const { NetworkMode, PidMode, IpcMode } = hostConfig;
  return Object.assign({}, hostConfig, {
    NetworkMode: byId(NetworkMode),
    PidMode: byId(PidMode),
    IpcMode: byId(IpcMode),
  });
}

/** On a user-defined network a link belongs to the endpoint: see {@link endpointsOf}. */
function withLinks(ctx: ContainerContext, hostConfig: HostConfig): HostConfig {
  if (!hostConfig.Links?.length) return hostConfig;
  return { ...hostConfig, Links: isOnDefaultBridge(hostConfig) ? [...planLinks(ctx, hostConfig)] : [] };
}

function defaultHostname(
  { settings, table }: ContainerContext,
  { NetworkMode: mode = '', UTSMode }: HostConfig,
  id: string,
): string {
  if (mode === 'host' || UTSMode === 'host') return settings.hostname;
  const other = mode.startsWith('container:') ? table.byId(mode.slice('container:'.length)) : undefined;
  return other?.record.config.Hostname ?? id.slice(0, 12);
}

/** By name of the network; one that does not exist yet is left for the start to find. Errors: those of the endpoints' settings. */
function endpointsOf(
  ctx: ContainerContext,
  request: CreateRequest,
  hostConfig: HostConfig,
): ContainerRecord['endpoints'] {
  const mode = hostConfig.NetworkMode ?? 'bridge';
  if (mode.startsWith('container:')) return {};
  const nameOf = (given: string, settings: EndpointSettings): string => {
    try {
      return ctx.networking.resolve(given === 'default' ? 'bridge' : given, settings).name;
    } catch (error) {
      if (isKind(error, 'not_found')) return given;
      throw error;
    }
  };
  const endpoints: Record<string, EndpointSettings> = {};
  for (const [given, value] of Object.entries(request.networkingConfig.EndpointsConfig ?? {})) {
    const settings = withoutNulls(value ?? {});
    endpoints[nameOf(given, settings)] = settings;
  }
  const first = nameOf(mode, {});
  const mac = request.config.MacAddress;
  const links = isOnDefaultBridge(hostConfig) ? [] : (request.hostConfig.Links ?? []);
  const given = endpoints[first]?.Links ?? [];
  endpoints[first] = {
    ...endpoints[first],
    ...(mac && { MacAddress: mac }),
    ...(links.length > 0 && { Links: [...given, ...links] }),
  };
  return endpoints;
}

/** Makes volumes that do not exist and counts this container as their user. */
async function makeVolumes(
  ctx: ContainerContext,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<readonly MountRecord[]> {
  const volumes = record.mounts.filter((mount) => mount.kind === 'volume');
  if (volumes.length === 0) return record.mounts;
  undo.defer(() => ctx.volumes.releaseAll(record.id));
  for (const { name, driver, anonymous, destination } of volumes) {
    if (anonymous || !(await volumeExists(ctx, name))) {
      const options = record.hostConfig.Mounts?.find(
        ({ Target = '' }) => posix.join('/', Target).replace(/(.)\/$/, '$1') === destination,
      )?.VolumeOptions;
      await ctx.volumes.create({
        name,
        driver,
        anonymous,
        usedBy: record.id,
        ...(options?.Labels && { labels: options.Labels }),
        ...(options?.DriverConfig?.Options && { driverOpts: options.DriverConfig.Options }),
      });
      undo.defer(async () => {
        await ctx.volumes.releaseAll(record.id);
        await ctx.volumes.remove(name, { force: true });
      });
    } else if (driver !== 'local') await ctx.volumes.create({ name, driver });
    await ctx.volumes.acquire(name, record.id);
  }
  return await Promise.all(record.mounts.map((mount) => withDriver(ctx, mount)));
}

/** A volume that was there may be another driver's. */
async function withDriver(ctx: ContainerContext, mount: MountRecord): Promise<MountRecord> {
  if (mount.kind !== 'volume') return mount;
  const { Driver } = await ctx.volumes.inspect(mount.name);
  return { ...mount, driver: Driver ?? mount.driver };
}

async function volumeExists(ctx: ContainerContext, name: string): Promise<boolean> {
  try {
    await ctx.volumes.inspect(name);
    return true;
  } catch (error) {
    if (isKind(error, 'not_found')) return false;
    throw error;
  }
}

async function makeFiles(ctx: ContainerContext, record: ContainerRecord, undo: AsyncDisposableStack): Promise<void> {
  undo.defer(() => ctx.bundles.removeKept(record.id));
  ctx.bundles.makeKept(record.id);
  undo.defer(() => ctx.layers.removeWritable(record.id));
  await ctx.layers.createWritable(record.id, record.image.chain as ResolvedImage['chain']);
  await createImageLayers(ctx, record, undo);
}

/** New volumes get what the image has at their place, as at creation in Docker: a container that is never started is a place to keep data too. */
async function fillVolumes(ctx: ContainerContext, record: ContainerRecord): Promise<void> {
  const filled = record.mounts.filter(
    (mount) => mount.kind === 'volume' && mount.copyUp && mount.subpath === undefined,
  );
  if (filled.length === 0) return;
  ctx.bundles.makeRun(record.id);
  const { rootfs } = ctx.bundles.paths(record.id);
  try {
    ctx.mounter.overlay(rootfs, ctx.layers.rootfs(record.id));
    for (const { destination } of filled.filter(isOfConfig))
      if (ctx.bundles.hasFileInRoot(record.id, destination)) throw overExistingFile(join(rootfs, destination));
    for (const mount of filled)
      if (mount.kind === 'volume') await ctx.volumes.copyUp(mount.name, rootfs, mount.destination);
  } finally {
    ctx.mounter.unmount(rootfs, { lazy: true });
    ctx.bundles.removeRun(record.id);
  }
}

/** A volume of the image or of a `-v` without a source: one of Mounts has a mode. */
function isOfConfig(mount: MountRecord): boolean {
  return mount.kind === 'volume' && mount.anonymous && mount.mode === '';
}

/** Somebody else may have taken the name while the layer was made. */
function insert(ctx: ContainerContext, record: ContainerRecord): void {
  try {
    ctx.table.insert(record);
  } catch (error) {
    if (!isKind(error, 'conflict')) throw error;
    throw nameInUse(record.name, ctx.table.ownerOf(record.name)?.record.id ?? '');
  }
}

function warningsOf(
  request: CreateRequest,
  image: ResolvedImage,
  { capabilities, securityModules }: ContainerContext['settings'],
): string[] {
  const warnings: string[] = [];
  const host = request.hostConfig;
  const { os, architecture, variant } = image.platform;
  const machine = process.arch === 'x64' ? 'amd64' : process.arch;
  if (!request.platform && architecture !== machine)
    warnings.push(
      `The requested image's platform (${[os, architecture, variant].filter(Boolean).join('/')}) does not match the detected host platform (linux/${machine}) and no specific platform was requested`,
    );
  if (host.NetworkMode === 'host' && Object.keys(host.PortBindings ?? {}).length > 0)
    warnings.push('Published ports are discarded when using host network mode');
  const missing = missingCapabilities(host, capabilities);
  if (missing.length > 0)
    warnings.push(`The daemon itself does not hold ${missing.join(', ')}: the container runs without.`);
  warnings.push(...securityWarnings(parseSecurity(host.SecurityOpt ?? []), securityModules));
  return warnings;
}
