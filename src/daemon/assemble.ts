import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { cpus, hostname, machine, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { currentClient } from '../distribution/current-client.ts';
import { createHostDownload } from '../distribution/download.host.ts';
import { createHostRegistryClient } from '../distribution/registry-client.host.ts';
import type { RegistryClient } from '../distribution/registry-client.ts';
import { createBuildService } from '../engine/build/build-service.ts';
import { defaultGcRules, type GcRule } from '../engine/build/gc-policy.ts';
import type { BuildService } from '../engine/build/service.ts';
import { type Containers, createContainerService } from '../engine/container/container-service.ts';
import { createContainerFilesService } from '../engine/container/files/files-service.ts';
import { imageUsersOf } from '../engine/container/image-users.ts';
import { planLog } from '../engine/container/log/log-plan.ts';
import { createContainerResources } from '../engine/container/resources/resources-service.ts';
import { buildSpec } from '../engine/container/spec/build-spec.ts';
import { ALL_CAPABILITIES } from '../engine/container/spec/capabilities.ts';
import type { HostFacts } from '../engine/container/spec/host-facts.ts';
import { validateHostConfig } from '../engine/container/validate.ts';
import { createEventBus } from '../engine/event/bus.ts';
import { createExecService } from '../engine/exec/exec-service.ts';
import { createCatalog } from '../engine/image/catalog.ts';
import { createCollector } from '../engine/image/collector.ts';
import { createImageCommits } from '../engine/image/commit.ts';
import { createImageLookup } from '../engine/image/image-lookup.ts';
import { createImageService } from '../engine/image/image-service.ts';
import { createContainerNetworking } from '../engine/network/container-networking.ts';
import { createResolver } from '../engine/network/dns/resolver.ts';
import { formatSubnet } from '../engine/network/ipam.ts';
import { createNetworkService } from '../engine/network/network-service.ts';
import { createRegistryService } from '../engine/registry/registry-service.ts';
import { createSecretService } from '../engine/secret/secret-service.ts';
import { createSystemService } from '../engine/system/system-service.ts';
import { createVolumeService } from '../engine/volume/volume-service.ts';
import { createTaskGroup } from '../lib/async/task-group.ts';
import { createTrash } from '../lib/fs/trash.ts';
import { createBuildFiles } from '../linux/build/build-files.host.ts';
import { createBuildFolders } from '../linux/build/build-folders.host.ts';
import { createKeptContexts } from '../linux/build/kept-contexts.host.ts';
import { createRemoteSources } from '../linux/build/remote-sources.host.ts';
import { createCgroups } from '../linux/cgroup/cgroup.host.ts';
import { createStatistics } from '../linux/cgroup/statistics.host.ts';
import { createContainerFiles } from '../linux/files/container-files.host.ts';
import { createFirewall } from '../linux/firewall/firewall.host.ts';
import { createHostForwarding } from '../linux/firewall/host-forwarding.host.ts';
import { createHostPorts } from '../linux/firewall/host-ports.host.ts';
import { createPortProxies } from '../linux/firewall/port-proxies.host.ts';
import { createAppArmor } from '../linux/host/app-armor.host.ts';
import { readCdiRegistry } from '../linux/host/cdi-files.host.ts';
import {
  architecture,
  boundingCapabilities,
  devicesAt,
  findNvidiaHook,
  hardLimits,
  memoryNodes,
} from '../linux/host/host-facts.host.ts';
import { readHostState } from '../linux/host/host-state.host.ts';
import { createLogSinks } from '../linux/log-sink/log-sinks.host.ts';
import { createMonitorHost } from '../linux/monitor/monitor.host.ts';
import { createMounter } from '../linux/mount/mounter.host.ts';
import { createDnsSockets } from '../linux/netns/dns-sockets.host.ts';
import { createDnsUpstream } from '../linux/netns/dns-upstream.host.ts';
import { createNetworkNamespaces } from '../linux/netns/network-namespaces.host.ts';
import { createBundles } from '../linux/runtime/bundle.host.ts';
import { createCompiledFilters } from '../linux/runtime/compiled-filters.host.ts';
import { createProcessList } from '../linux/runtime/ps.host.ts';
import { createResourceUpdates } from '../linux/runtime/resource-updates.host.ts';
import { createRuntimeStates } from '../linux/runtime/runtime-states.host.ts';
import { createUserNamespaces } from '../linux/userns/user-namespaces.host.ts';
import { createVolumeFiles } from '../linux/volume/volume-files.host.ts';
import { createVolumePlugins } from '../linux/volume/volume-plugins.host.ts';
import { createAccessLookups } from '../server/access/lookups.ts';
import { API_VERSION } from '../server/router.ts';
import { buildRoutes } from '../server/routes/build.ts';
import { buildKitRoutes } from '../server/routes/buildkit.ts';
import { checkpointRoutes } from '../server/routes/checkpoint.ts';
import { containerRoutes } from '../server/routes/container.ts';
import { containerFilesRoutes } from '../server/routes/container-files.ts';
import { containerResourcesRoutes } from '../server/routes/container-resources.ts';
import { imageRoutes } from '../server/routes/image.ts';
import { networkRoutes } from '../server/routes/network.ts';
import { pluginRoutes } from '../server/routes/plugin.ts';
import { registryRoutes } from '../server/routes/registry.ts';
import { secretRoutes } from '../server/routes/secret.ts';
import { swarmRoutes } from '../server/routes/swarm.ts';
import { systemRoutes } from '../server/routes/system.ts';
import { volumeRoutes } from '../server/routes/volume.ts';
import { volumeCopyRoutes } from '../server/routes/volume-copies.ts';
import { createApiServer } from '../server/server.ts';
import { createOpenArchive } from '../store/content/archive-file.host.ts';
import { createCompressor } from '../store/content/compressor.host.ts';
import { createContentStore } from '../store/content/content-store.host.ts';
import { createDecompressor } from '../store/content/decompressor.host.ts';
import { createBuildCache } from '../store/record/build-cache.host.ts';
import { createBuildSteps } from '../store/record/build-steps.host.ts';
import { createCacheMounts } from '../store/record/cache-mounts.host.ts';
import { createContainerLogs } from '../store/record/container-log.host.ts';
import { createContainerRecords } from '../store/record/container-records.host.ts';
import { openDatabase } from '../store/record/database.host.ts';
import { createImageRecords } from '../store/record/image-records.host.ts';
import { createLogFollower } from '../store/record/log-follower.host.ts';
import { createNetworkRecords } from '../store/record/network-records.host.ts';
import { createSecretRecords } from '../store/record/secret-records.host.ts';
import { createVolumeRecords } from '../store/record/volume-records.host.ts';
import { createSecretBox } from '../store/secret/secret-box.host.ts';
import { createLayerStore } from '../store/snapshot/layer-store.host.ts';
import { createDataRoot } from '../store/usage/data-root.host.ts';
import type { DaemonConfig, ReloadableConfig } from './config/daemon-config.ts';
import { shownProxies } from './config/proxy-settings.ts';
import { reloadAttributes } from './config/reload-attributes.ts';
import { diskBytes, osRelease } from './host-files.ts';
import type { Log } from './log.ts';
import { recover } from './recover.ts';
import { findRuntimes } from './runtimes.ts';
import { MASKED, READONLY, readDefaultSeccomp, securityOptions } from './security-defaults.ts';
import { readIdMap } from './user-remap.ts';

export const ENGINE_VERSION = '28.3.0';

export interface Engine {
  readonly server: Server;
  readonly containers: Containers;
  /** Begins to remove what earlier daemons have left on the disk, in the background: for when this one serves. */
  tidy(): void;
  /** For who builds otherwise than by the classic endpoint. */
  readonly builds: BuildService;
  /** Takes over what may change while the daemon runs; the rest of `next` waits for its next start. */
  reload(next: ReloadableConfig): void;
  /** Orderly end: containers stop (or run on with live restore), background work is awaited, the machine is left as found. */
  shutdown(): Promise<void>;
}

/** The only place that builds real things. When it resolves, everything an earlier daemon left is recovered. */
export async function assemble(config: DaemonConfig, log: Log): Promise<Engine> {
  const report = (what: string, error: unknown): void => log.error(what, error);
  let now: ReloadableConfig = config;
  let runtimes = findRuntimes(config.execRoot, now.runtimes);
  let registry = registryClient(now);
  for (const folder of [config.dataRoot, config.execRoot, join(config.execRoot, 'netns')])
    mkdirSync(folder, { recursive: true, mode: 0o711 });
  const userns = createUserNamespaces();
  const idMap = readIdMap(config.usernsRemap, log);
  if (idMap) {
    userns.requirePassage(config.execRoot);
    await userns.requireMapping(config.dataRoot);
  }
  const tasks = createTaskGroup(report);
  const events = createEventBus();
  const db = openDatabase(join(config.dataRoot, 'db.sqlite'), { reserve: 'reserve' });
  const content = createContentStore({ root: join(config.dataRoot, 'content') });
  const trash = createTrash(join(config.dataRoot, 'trash'), report);
  const layers = createLayerStore({ root: config.dataRoot, content, db, trash, background: tasks });
  const cgroups = createCgroups();
  cgroups.prepare();

  const imageRecords = createImageRecords({ db });
  const catalog = createCatalog({ content, layers });
  const cache = createBuildCache(db);
  const collector = createCollector({
    cached: () => cache.list().map(({ layer }) => ({ digest: layer.descriptor.digest, chain: layer.chain })),
    content,
    layers,
    records: imageRecords,
    catalog,
    trash,
    background: tasks,
    now: Date.now,
  });
  const host = { os: 'linux', architecture: architecture() };
  const users = (): ReturnType<Parameters<typeof createImageService>[0]['users']> =>
    containers.context.table.all().flatMap(({ record }) => imageUsersOf(record));
  const imageDeps = {
    content,
    layers,
    records: imageRecords,
    events,
    registry: currentClient(() => registry),
    transfers: () => ({ downloads: now.maxConcurrentDownloads, uploads: now.maxConcurrentUploads }),
    download: createHostDownload(),
    decompressor: createDecompressor(),
    compressor: createCompressor(),
    catalog,
    collector,
    users,
    host,
    now: Date.now,
  };
  const images = createImageService(imageDeps);

  const monitorDir = process.env['SKIFF_MONITOR_DIR'] ?? resolve(import.meta.dirname, '../../monitor/build');
  const bridge = config.bridge ?? (existsSync('/sys/class/net/docker0') ? 'skiff0' : 'docker0');
  const networkRecords = createNetworkRecords(db);
  const networking = await createContainerNetworking({
    records: networkRecords,
    namespaces: createNetworkNamespaces(),
    firewall: createFirewall({ bridge, forwarding: createHostForwarding({ bridge }), report }),
    ports: createHostPorts(),
    proxies: createPortProxies({ program: join(monitorDir, 'skiff-proxy'), dir: join(config.execRoot, 'ports') }),
    events,
    dnsSockets: createDnsSockets(),
    resolver: createResolver({
      upstream: createDnsUpstream(),
      hostResolvConf: () => (existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : ''),
      nowMs: Date.now,
      random: Math.random,
      newId: () => randomInt(65_536),
    }),
    netnsDir: join(config.execRoot, 'netns'),
    bridge,
    defaultBridge: config.defaultBridge,
    addressPools: config.addressPools,
    networkOptions: config.networkOptions,
    directRouting: config.directRouting,
    publishedPorts: config.publishedPorts,
    hostGatewayIps: config.hostGatewayIps,
    report,
  });
  const containerFiles = createContainerFiles({ root: config.execRoot });
  const volumePlugins = createVolumePlugins();
  const volumes = createVolumeService({
    records: createVolumeRecords(db),
    files: createVolumeFiles({ root: join(config.dataRoot, 'volumes'), trash, mounter: createMounter() }),
    plugins: volumePlugins,
    archives: containerFiles,
    decompressor: imageDeps.decompressor,
    events,
  });

  const secrets = createSecretService({
    records: createSecretRecords(db),
    box: createSecretBox(join(config.dataRoot, 'secrets.key')),
    events,
    users: (name) =>
      containers.context.table
        .all()
        .filter(({ record }) => record.hostConfig.LocalSecrets?.some(({ Source }) => Source === name))
        .map(({ record }) => record.name),
  });

  const appArmor = createAppArmor();
  const facts: HostFacts = {
    cgroupVersion: cgroups.version,
    capabilities: boundingCapabilities(ALL_CAPABILITIES),
    architecture: host.architecture,
    kernelVersion: release(),
    defaultSeccomp: readDefaultSeccomp(config.container.seccompProfile),
    noNewPrivileges: config.container.noNewPrivileges,
    securityModules: { appArmor: appArmor.defaultProfile },
    nvidiaHook: findNvidiaHook,
    initPath: [config.container.initPath ?? join(monitorDir, 'skiff-init')].find((file) => existsSync(file)),
    hardLimits: hardLimits(),
    devicesAt,
    readCdi: () => readCdiRegistry(config.cdiFolders),
  };
  planLog({ Type: config.container.logDriver, Config: config.container.logOptions }, NOBODY);
  const containers: Containers = createContainerService({
    records: createContainerRecords({ db }),
    logs: createContainerLogs(),
    logFollower: createLogFollower(),
    logSinks: createLogSinks(),
    bundles: createBundles({ dataRoot: config.dataRoot, execRoot: config.execRoot }),
    images: createImageLookup(imageDeps),
    layers,
    mounter: createMounter(),
    userns,
    monitors: createMonitorHost({ monitorPath: join(monitorDir, 'skiff-monitor') }),
    networking,
    volumes,
    secrets,
    events,
    cgroups,
    processes: createProcessList(),
    tasks,
    report,
    warn: (message) => log.warn(message),
    buildSpec(input) {
      const spec = buildSpec(input, facts);
      const { apparmorProfile } = spec.process;
      if (apparmorProfile !== undefined && apparmorProfile === appArmor.defaultProfile) appArmor.ensureDefault();
      return spec;
    },
    runtimeStates: createRuntimeStates(() => runtimes),
    filters: createCompiledFilters({ crun: join(config.execRoot, 'crun') }),
    settings: {
      get runtimes() {
        return Object.fromEntries(Object.entries(runtimes).map(([name, { argv }]) => [name, argv]));
      },
      hostname: hostname(),
      cpus: cpus().length,
      memoryNodes: memoryNodes(),
      cpuRealtime: cgroups.limits.cpuRealtime,
      realtimeBudget: config.realtime,
      securityModules: facts.securityModules,
      capabilities: facts.capabilities,
      cgroupParent: config.cgroupParent,
      stopTimeoutSeconds: 10,
      spillDir: config.dataRoot,
      storageDriver: 'overlay2',
      dataRoot: config.dataRoot,
      execRoot: config.execRoot,
      idMap,
      get defaults() {
        return {
          ...config.container,
          runtime: now.defaultRuntime,
          cgroupVersion: cgroups.version,
          maskedPaths: MASKED,
          readonlyPaths: READONLY,
          log: { driver: config.container.logDriver, options: config.container.logOptions },
        };
      },
    },
  });
  const execs = createExecService({ containers: containers.context, allCapabilities: [...facts.capabilities] });
  const resources = createContainerResources({
    containers: containers.context,
    statistics: createStatistics(cgroups),
    memoryBytes: totalmem(),
    updates: createResourceUpdates(),
    validate: (host) => validateHostConfig(host, {}, containers.context.settings),
    cgroupVersion: cgroups.version,
  });
  const files = createContainerFilesService({
    containers: containers.context,
    files: containerFiles,
    decompressor: imageDeps.decompressor,
    commits: createImageCommits(imageDeps),
  });
  const buildFolders = createBuildFolders({
    root: join(config.dataRoot, 'build'),
    sockets: join(config.execRoot, 'agents'),
    mounter: createMounter(),
    trash,
  });
  const cacheMounts = createCacheMounts(db);
  const keptContexts = createKeptContexts({
    root: join(config.dataRoot, 'build-contexts'),
    maxBytes: diskBytes(config.dataRoot).total / 20,
    report,
  });
  const builds = createBuildService({
    ...imageDeps,
    images,
    containers: containers.service,
    files: createBuildFiles({ root: join(config.execRoot, 'b') }),
    folders: buildFolders,
    openArchive: createOpenArchive(imageDeps.decompressor),
    remotes: createRemoteSources({ root: join(config.dataRoot, 'build', 'cache') }),
    cache,
    steps: createBuildSteps(db),
    cacheMounts,
    // the user's own init does not read environment
    initPath: [join(monitorDir, 'skiff-init')].find((file) => existsSync(file)),
    readCdi: facts.readCdi,
    keptContexts,
    gcRules: gcRules(config.builderGc, diskBytes(config.dataRoot).total),
    freeBytes: () => diskBytes(config.dataRoot).free,
    background: tasks,
    report,
  });
  await layers.recover(report);
  await recover({ containers, execs, report });
  volumes.recover(report);
  await builds.recover().catch((error: unknown) => report('removing what builds have left', error));

  const engineId = networkRecords.fact('engine id') ?? networkRecords.keepFact('engine id', randomUUID());
  const system = createSystemService({
    host: () => readHostState(cgroups.version),
    volumePlugins: () => volumePlugins.names(),
    devices: () => readCdiRegistry(config.cdiFolders).names,
    eventListeners: () => events.listeners,
    containers: containers.service,
    images,
    usage: {
      images,
      containers: containers.service,
      volumes,
      cache,
      cacheMounts,
      keptContexts,
      cacheMountBytes: async (name) => await buildFolders.cacheBytes(name),
      content,
      layers,
      records: imageRecords,
      catalog,
      dataRoot: createDataRoot(config.dataRoot),
    },
    facts: {
      id: engineId,
      name: hostname(),
      version: ENGINE_VERSION,
      apiVersion: API_VERSION,
      minApiVersion: config.minApiVersion,
      kernelVersion: release(),
      operatingSystem: osRelease('PRETTY_NAME'),
      osVersion: osRelease('VERSION_ID'),
      architecture: host.architecture,
      machine: machine(),
      cpus: cpus().length,
      memoryBytes: totalmem(),
      cgroupVersion: cgroups.version,
      dataRoot: config.dataRoot,
      initBinary: config.container.initPath ?? 'docker-init',
      cdiFolders: config.cdiFolders,
      addressPools: config.addressPools.map(({ base, size }) => ({ base: formatSubnet(base), size })),
      startedAt: new Date().toISOString(),
    },
    settings: () => ({
      ...now,
      runtimes,
      loggingDriver: config.container.logDriver,
      proxies: shownProxies(process.env),
      securityOptions: securityOptions(config.container, facts, idMap !== undefined),
    }),
  });
  const server = createApiServer({
    engineVersion: ENGINE_VERSION,
    minApiVersion: config.minApiVersion,
    audit: (message) => log.info(message),
    auditsAll: () => now.audit,
    lookups: createAccessLookups({
      containers: containers.service,
      execs: execs.service,
      images,
      networks: networking,
      volumes,
    }),
    report,
    routes: [
      ...systemRoutes({ system, events }),
      ...checkpointRoutes(), // in front: their paths could be a link's name too
      ...containerRoutes({ containers: containers.service, execs: execs.service, cgroupVersion: cgroups.version }),
      ...containerFilesRoutes(files),
      ...containerResourcesRoutes(resources),
      ...registryRoutes(createRegistryService(imageDeps)),
      ...imageRoutes(images),
      ...buildRoutes(builds, keptContexts),
      ...networkRoutes({
        networks: createNetworkService(networking, events),
        containers: containers.service,
      }),
      ...volumeCopyRoutes(volumes.copies),
      ...volumeRoutes(volumes),
      ...secretRoutes(secrets),
      ...pluginRoutes(),
      ...swarmRoutes(),
      ...buildKitRoutes(),
    ],
  });
  return {
    server,
    containers,
    tidy: () => tasks.spawn('image collection', () => collector.collect()),
    builds,
    reload(next) {
      now = next;
      // one that is no longer named still runs the containers that it has
      runtimes = { ...runtimes, ...findRuntimes(config.execRoot, next.runtimes) };
      registry = registryClient(next);
      log.setLevel(next.logLevel);
      events.publish({
        type: 'daemon',
        action: 'reload',
        id: engineId,
        attributes: reloadAttributes(hostname(), next),
      });
      log.info(`Reloaded configuration: ${JSON.stringify(reloadAttributes(hostname(), next))}`);
    },
    async shutdown() {
      if (now.liveRestore) containers.disconnect();
      else await containers.shutdown(now.shutdownTimeoutSeconds * 1000);
      await tasks.idle();
      await networking.shutdown();
      db.close();
    },
  };
}

function registryClient(config: ReloadableConfig): RegistryClient {
  return createHostRegistryClient({
    insecureRegistries: config.insecureRegistries,
    mirrors: config.registryMirrors,
    maxDownloadAttempts: config.maxDownloadAttempts,
    certsDir: '/etc/docker/certs.d',
  });
}

function gcRules(gc: DaemonConfig['builderGc'], totalBytes: number): readonly GcRule[] {
  if (gc.kind === 'off') return [];
  return gc.kind === 'policy' ? gc.rules : defaultGcRules(totalBytes, gc.settings);
}

/** For the log options of nobody's container. */
const NOBODY = { id: '', name: '', imageId: '', created: '', config: {} };
