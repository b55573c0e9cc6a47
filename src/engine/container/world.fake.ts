import type { ContainerConfig, HostConfig } from '../../api/types/container.ts';
import type { Volume } from '../../api/types/volume.ts';
import { createFakeClock } from '../../lib/async/clock.fake.ts';
import { createTaskGroup } from '../../lib/async/task-group.ts';
import { KnownError } from '../../lib/errors.ts';
import { createFakeLogSinks } from '../../linux/log-sink/log-sink.fake.ts';
import { createFakeMonitors } from '../../linux/monitor/monitor.fake.ts';
import { createFakeMounter } from '../../linux/mount/mounter.fake.ts';
import { createFakeBundles } from '../../linux/runtime/bundle.fake.ts';
import type { Digest } from '../../oci/digest.ts';
import type { LogFileRecord } from '../../store/record/container-log.ts';
import type { ContainerRecord, ContainerRecords } from '../../store/record/container-records.ts';
import type { EngineEvent } from '../event/event.ts';
import type { ImageLookup } from '../image/image.ts';
import type { ContainerNetworking, NetworkAttachment } from '../network/network.ts';
import type { VolumeService } from '../volume/volume.ts';
import { type Containers, createContainerService } from './container-service.ts';
import type { ContainerDeps } from './context.ts';
import { ALL_CAPABILITIES } from './spec/capabilities.ts';

/** Everything containers need, in memory; `containers` begins with the records of an earlier daemon when `again` made it. */
export type World = ReturnType<typeof createWorld>;

export function createWorld(kept: { readonly rows?: Map<string, ContainerRecord> } = {}) {
  const rows = kept.rows ?? new Map<string, ContainerRecord>();
  const mounter = createFakeMounter();
  const monitors = createFakeMonitors();
  const bundles = createFakeBundles();
  const events: EngineEvent[] = [];
  const problems: string[] = [];
  const writable = new Set<string>();
  const sinks = createFakeLogSinks();
  const network = createFakeNetworking();
  const volumes = createFakeVolumes();
  const logs: LogFileRecord[] = [];
  const fail = { createWritable: false, buildSpec: false, writes: false };
  const frozen = new Set<string>();
  const clock = createFakeClock();
  const groupsKilled: number[] = [];
  const cgroupsKilled: string[] = [];
  const cgroupsThere: string[] = [];
  const runtimeStates: { readonly runtime: string; readonly id: string }[] = [];
  const tasks = createTaskGroup((name, error) => problems.push(`${name}: ${String(error)}`));
  const deps: ContainerDeps = {
    records: createFakeRecords(rows, () => fail.writes),
    logs: {
      async *read() {
        yield logs;
      },
      remove: () => undefined,
    },
    logFollower: {
      async *follow() {},
      endOf: () => undefined,
      waitingBytes: async () => 0,
      loadPlace: () => undefined,
      savePlace: () => undefined,
    },
    logSinks: sinks,
    bundles,
    images: fakeImages(),
    layers: {
      ensureUnpacked: async () => undefined,
      recover: async () => undefined,
      blobsInNeed: () => new Set(),
      flush: async () => undefined,
      isUnpacked: () => true,
      layerSizeBytes: () => 0,
      collect: () => undefined,
      list: () => [],
      lowerSizeBytes: () => 0,
      async createWritable(id) {
        if (fail.createWritable) throw new KnownError('system', 'disk is full');
        writable.add(id);
      },
      rootfs: (id) => ({ lower: ['/lower'], upper: `/upper/${id}`, work: `/work/${id}` }),
      removeWritable: async (id) => void writable.delete(id),
      listWritable: () => [...writable],
    },
    mounter,
    userns: {
      create: async () => undefined,
      remove: () => undefined,
      identityOf: (pid: number) => `user:[${pid}]`,
      requireMapping: async () => undefined,
      requirePassage: () => undefined,
    },
    monitors,
    networking: network.networking,
    volumes: volumes.service,
    secrets: { has: () => false, reveal: () => new Uint8Array() },
    events: {
      listeners: 0,
      publish: (event) => void events.push(event),
      subscribe: () => ({ async *[Symbol.asyncIterator]() {} }),
    },
    cgroups: {
      version: 2,
      limits: {
        memoryLimit: true,
        swapLimit: true,
        memoryReservation: true,
        memorySwappiness: false,
        oomKillDisable: false,
        kernelMemoryTcp: false,
        cpuPeriod: true,
        cpuQuota: true,
        cpuShares: true,
        cpuRealtime: false,
        cpuset: true,
        pidsLimit: true,
        blkioWeight: false,
        blkioWeightDevice: false,
        blkioThrottle: true,
      },
      grantRealtime: () => undefined,
      prepare: () => undefined,
      expectMoves: () => undefined,
      oomFile: (path) => `${path}/memory.events`,
      freeze: async (path, on) => void (on ? frozen.add(path) : frozen.delete(path)),
      isFrozen: (path) => frozen.has(path),
      pids: () => [100],
      remove: () => undefined,
      kill: async (path) => void cgroupsKilled.push(path),
      below: () => cgroupsThere,
    },
    runtimeStates: {
      list: () => [...runtimeStates],
      destroy: async (_runtime, id) => {
        const at = runtimeStates.findIndex((state) => state.id === id);
        if (at >= 0) runtimeStates.splice(at, 1);
      },
    },
    processes: {
      ps: async () => 'UID PID CMD\nroot 100 sleep 60\nroot 7 other\n',
      killGroup: (pid) => void groupsKilled.push(pid),
    },
    buildSpec: (input) => {
      if (fail.buildSpec) throw new KnownError('invalid_parameter', 'no such device');
      return { annotations: {}, ...input };
    },
    filters: { apply: (_runtime, spec) => spec, learn: () => undefined },
    settings: {
      runtimes: { crun: ['/usr/bin/crun'] },
      defaults: {
        runtime: 'crun',
        cgroupVersion: 2,
        dns: [],
        dnsOptions: [],
        dnsSearch: [],
        maskedPaths: ['/proc/kcore'],
        readonlyPaths: ['/proc/sys'],
        ulimits: [],
        shmBytes: 64 << 20,
        ipcMode: 'private',
        cgroupnsMode: undefined,
        init: false,
        log: { driver: 'json-file', options: {} },
      },
      hostname: 'machine',
      cpus: 2,
      memoryNodes: 1,
      cpuRealtime: false,
      realtimeBudget: { periodMicros: 0, runtimeMicros: 0 },
      securityModules: { appArmor: undefined },
      capabilities: new Set(ALL_CAPABILITIES.filter((name) => name !== 'CAP_SYS_RESOURCE')),
      cgroupParent: '/docker',
      stopTimeoutSeconds: 10,
      storageDriver: 'overlay2',
      dataRoot: '/var/lib/engine',
      execRoot: '/run/engine',
      idMap: undefined,
    },
    tasks,
    warn: (message) => problems.push(message),
    report: (what, error) => problems.push(`${what}: ${String(error)}`),
    random: () => 0,
    clock,
  };
  const containers: Containers = createContainerService(deps);
  return {
    deps,
    containers,
    service: containers.service,
    rows,
    mounter,
    userns: {
      create: async () => undefined,
      remove: () => undefined,
      identityOf: (pid: number) => `user:[${pid}]`,
      requireMapping: async () => undefined,
      requirePassage: () => undefined,
    },
    monitors,
    bundles,
    sinks,
    events,
    problems,
    writable,
    network,
    volumes,
    logs,
    fail,
    frozen,
    clock,
    groupsKilled,
    cgroupsKilled,
    cgroupsThere,
    runtimeStates,
    tasks,
    /** The daemon was killed and started again on what is durable. */
    again: () => createWorld({ rows: new Map(rows) }),
    /** Creates a container of `busybox` and returns its id. */
    async create(config: ContainerConfig = {}, hostConfig: HostConfig = {}, name?: string): Promise<string> {
      const { Id } = await containers.service.create({
        ...(name !== undefined && { name }),
        config: { Image: 'busybox', ...config },
        hostConfig,
        networkingConfig: {},
      });
      return Id ?? '';
    },
    /** The state's name. */
    async status(id: string): Promise<string | undefined> {
      return (await containers.service.inspect(id, { size: false })).State?.Status;
    },
    actions: (): readonly string[] => events.map(({ action }) => action),
    monitor: (at = -1) => {
      const monitor = monitors.all.at(at);
      if (!monitor) throw new Error('no monitor was launched');
      return monitor;
    },
    /** True when nothing of a run is left. */
    isClean: (): boolean => mounter.mounted.size === 0 && bundles.runs.size === 0 && network.attached.size === 0,
  };
}

/** Goes on until `test` holds; fails loudly when it never does. */
export async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    if (await test()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it never happened');
}

function createFakeRecords(rows: Map<string, ContainerRecord>, fails: () => boolean): ContainerRecords {
  const check = (): void => {
    if (fails()) throw new KnownError('system', 'the disk is sick');
  };
  const taken = (name: string): void => {
    if ([...rows.values()].some((row) => row.name === name)) throw new KnownError('conflict', 'taken');
  };
  const change = (id: string, part: Partial<ContainerRecord>): void => {
    check();
    const row = rows.get(id);
    if (row) rows.set(id, { ...row, ...part });
  };
  return {
    all: () => [...rows.values()],
    insert(record) {
      check();
      taken(record.name);
      rows.set(record.id, record);
    },
    saveState: (id, state) => change(id, { state }),
    saveEndpoints: (id, endpoints) => change(id, { endpoints }),
    saveHostConfig: (id, hostConfig) => change(id, { hostConfig }),
    rename(id, name) {
      taken(name);
      change(id, { name });
    },
    delete(id) {
      check();
      rows.delete(id);
    },
  };
}

function fakeImages(): ImageLookup {
  return {
    hold: async () => ({ [Symbol.dispose]: () => undefined }),
    async resolve(reference) {
      if (reference !== 'busybox') throw new KnownError('not_found', `No such image: ${reference}`);
      return {
        id: 'sha256:1' as Digest,
        manifest: { mediaType: 'm', digest: 'sha256:2' as Digest, size: 3 },
        platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch },
        config: { Cmd: ['sh'], Env: ['PATH=/bin'] },
        chain: undefined,
      };
    },
  };
}

function createFakeNetworking() {
  const attached = new Map<string, NetworkAttachment>();
  const state = { fail: undefined as Error | undefined, failRelease: undefined as Error | undefined };
  const networking: ContainerNetworking = {
    async attach({ containerId, mode }) {
      if (state.fail) throw state.fail;
      const attachment: NetworkAttachment = {
        netnsPath: '/netns',
        endpoints: { [mode]: { IPAddress: '172.17.0.2', Gateway: '172.17.0.1' } },
        ports: {},
        sandboxId: 's',
        sandboxKey: '/netns',
        hosts: [],
        hasResolver: false,
      };
      attached.set(containerId, attachment);
      return attachment;
    },
    async release(id) {
      if (state.failRelease) throw state.failRelease;
      attached.delete(id);
    },
    current: (id) => attached.get(id),
    connect: async ({ containerId, network, settings }) => {
      const before = attached.get(containerId);
      if (!before) throw new KnownError('not_found', 'no sandbox');
      const after = { ...before, endpoints: { ...before.endpoints, [network]: settings }, hasResolver: true };
      attached.set(containerId, after);
      return after;
    },
    disconnect: async (containerId, network) => {
      const before = attached.get(containerId);
      if (!before) throw new KnownError('not_found', 'no sandbox');
      const { [network]: _left, ...endpoints } = before.endpoints;
      const after = { ...before, endpoints };
      attached.set(containerId, after);
      return after;
    },
    rename: () => undefined,
    recover: async () => undefined,
    resolve: (name) => ({ id: name, name, driver: 'bridge' }),
    hostGateways: () => ['172.17.0.1'],
    inspect: () => ({}),
  };
  return { networking, attached, state };
}

function createFakeVolumes() {
  const all = new Map<string, Set<string>>();
  const toVolume = (name: string): Volume => ({
    Name: name,
    Driver: 'local',
    Mountpoint: `/volumes/${name}`,
    Labels: {},
    Scope: 'local',
    Options: {},
  });
  const users = (name: string): Set<string> => {
    const found = all.get(name);
    if (!found) throw new KnownError('not_found', `get ${name}: no such volume`);
    return found;
  };
  const service: VolumeService = {
    async create({ name = 'anonymous' }) {
      if (!all.has(name)) all.set(name, new Set());
      return toVolume(name);
    },
    list: async () => ({ volumes: [...all.keys()].map(toVolume), warnings: [] }),
    async inspect(name) {
      users(name);
      return toVolume(name);
    },
    async remove(name) {
      if (users(name).size > 0) throw new KnownError('conflict', 'in use');
      all.delete(name);
    },
    prune: async () => ({ deleted: [], reclaimedBytes: 0 }),
    async acquire(name, id) {
      users(name).add(id);
    },
    mount: async (name) => `/volumes/${name}`,
    unmount: async () => undefined,
    adopt: () => undefined,
    mountpoint: (name) => (all.has(name) ? `/volumes/${name}` : undefined),
    borrow: async (name, work) => await work(`/volumes/${name}`),
    async releaseAll(id) {
      for (const set of all.values()) set.delete(id);
    },
    copyUp: async () => undefined,
    copies: {} as VolumeService['copies'],
    recover: () => undefined,
    usage: async () =>
      [...all].map(([name, { size }]) => ({ ...toVolume(name), UsageData: { Size: 0, RefCount: size } })),
    releaseOthers(known) {
      for (const set of all.values()) for (const id of set) if (!known.has(id)) set.delete(id);
    },
  };
  return { all, service };
}
