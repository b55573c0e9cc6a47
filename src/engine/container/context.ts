import { posix } from 'node:path';
import type { Clock } from '../../lib/async/clock.ts';
import type { TaskGroup } from '../../lib/async/task-group.ts';
import type { IdMap } from '../../lib/id-map.ts';
import type { Cgroups, RealtimeBudget } from '../../linux/cgroup/cgroup.ts';
import type { LogSinks } from '../../linux/log-sink/log-sink.ts';
import type { MonitorHost } from '../../linux/monitor/monitor.ts';
import type { Mounter } from '../../linux/mount/mounter.ts';
import type { Bundles } from '../../linux/runtime/bundle.ts';
import type { CompiledFilters, SpecWithSeccomp } from '../../linux/runtime/compiled-filters.ts';
import type { ProcessList } from '../../linux/runtime/ps.ts';
import type { RuntimeStates } from '../../linux/runtime/runtime-states.ts';
import type { UserNamespaces } from '../../linux/userns/user-namespaces.ts';
import type { ContainerLogs } from '../../store/record/container-log.ts';
import type { ContainerRecord, ContainerRecords } from '../../store/record/container-records.ts';
import type { LogFollower } from '../../store/record/log-follower.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { EventBus } from '../event/event.ts';
import type { LiveExec } from '../exec/exec-record.ts';
import type { ImageLookup } from '../image/image.ts';
import type { ContainerNetworking } from '../network/network.ts';
import type { SecretService } from '../secret/secret.ts';
import type { VolumeService } from '../volume/volume.ts';
import type { HostDefaults } from './defaults.ts';
import type { HealthChecks } from './health/health-checks.ts';
import type { ContainerTable, LiveContainer } from './live.ts';
import type { LogForwarders } from './log/log-forwarders.ts';
import type { SecurityModules } from './spec/security.ts';
import type { SpecInput } from './spec-input.ts';

/** What the rules of containers stand on. */
export interface ContainerDeps {
  readonly records: ContainerRecords;
  readonly logs: ContainerLogs;
  readonly logFollower: LogFollower;
  readonly logSinks: LogSinks;
  readonly bundles: Bundles;
  readonly images: ImageLookup;
  readonly layers: LayerStore;
  readonly mounter: Mounter;
  readonly userns: UserNamespaces;
  readonly monitors: MonitorHost;
  readonly networking: ContainerNetworking;
  readonly volumes: VolumeService;
  readonly secrets: Pick<SecretService, 'has' | 'reveal'>;
  readonly events: EventBus;
  readonly cgroups: Cgroups;
  readonly processes: ProcessList;
  /** The OCI runtime spec. Errors: invalid_parameter for settings that cannot be met. */
  readonly buildSpec: (input: SpecInput) => SpecWithSeccomp;
  readonly filters: CompiledFilters;
  readonly runtimeStates: RuntimeStates;
  readonly settings: ContainerSettings;
  /** Background work: exits, restarts. The daemon awaits it before it ends. */
  readonly tasks: TaskGroup;
  /** Called with what went wrong where nobody can be told. */
  readonly report: (what: string, error: unknown) => void;
  /** The daemon's log, for what is no error of its own. */
  readonly warn: (message: string) => void;
  /** [0,1), for names. */
  readonly random?: () => number;
  /** For health checks; the default is the machine's. */
  readonly clock?: Clock;
}

export interface ContainerSettings {
  /** Programs and global arguments by name; must hold `defaults.runtime`. */
  readonly runtimes: Readonly<Record<string, readonly string[]>>;
  readonly defaults: HostDefaults;
  /** This machine's name, for host networking. */
  readonly hostname: string;
  readonly cpus: number;
  /** The kernel has budgets for the real-time scheduler. */
  readonly cpuRealtime: boolean;
  /** What the daemon gives the cgroups above the containers'; 0: nothing. */
  readonly realtimeBudget: RealtimeBudget;
  readonly securityModules: SecurityModules;
  /** NUMA nodes, numbered from 0. */
  readonly memoryNodes: number;
  /** What the daemon holds, as `CAP_...`: nobody gets more. */
  readonly capabilities: ReadonlySet<string>;
  /** Parent of the containers' cgroups, e.g. `/docker`. */
  readonly cgroupParent: string;
  /** Seconds; Docker's default is 10. */
  readonly stopTimeoutSeconds: number;
  /** On a disk, for the backlog of slow attachers. */
  readonly spillDir?: string;
  readonly storageDriver: string;
  /** The engine's own folders, for what it keeps and for what runs; absolute. */
  readonly dataRoot: string;
  readonly execRoot: string;
  /** `userns-remap`: how the users and groups of containers look on the host; undefined: they are the host's. */
  readonly idMap: IdMap | undefined;
}

/** What verbs are given: the deps and the containers. */
export interface ContainerContext extends ContainerDeps {
  readonly table: ContainerTable;
  /** Execs of all containers by id, health checks included. */
  readonly execs: Map<string, LiveExec>;
  readonly health: HealthChecks;
  readonly logForwarders: LogForwarders;
  /** Runs under the container's lock. Only the service and background work that it starts call it. */
  readonly locked: <T>(id: string, work: () => Promise<T>) => Promise<T>;
  /** The restart policy's start, under the container's lock. */
  readonly startByPolicy: (live: LiveContainer) => Promise<void>;
  /** True while the daemon goes down: no policy restarts anything. */
  readonly isShuttingDown: () => boolean;
}

/** Event attributes: all labels, image and name, as Docker has them. */
export function publish(
  { events }: Pick<ContainerDeps, 'events'>,
  record: ContainerRecord,
  action: string,
  extra: Readonly<Record<string, string>> = {},
): void {
  const attributes = { ...record.config.Labels, ...extra, image: record.image.reference, name: record.name };
  events.publish({ type: 'container', action, id: record.id, attributes });
}

/** Path of a container's cgroup below each hierarchy's root; `..` does not lead out of it. */
export function cgroupPath({ settings }: Pick<ContainerDeps, 'settings'>, { id, hostConfig }: ContainerRecord): string {
  return posix.join('/', hostConfig.CgroupParent || settings.cgroupParent, id);
}

/** Name of the runtime that a container runs with. */
export function runtimeOf({ settings }: Pick<ContainerDeps, 'settings'>, { hostConfig }: ContainerRecord): string {
  return hostConfig.Runtime || settings.defaults.runtime;
}

/** True when `live` is still the container of its id (it may have been removed while somebody waited). */
export function isCurrent({ table }: Pick<ContainerContext, 'table'>, live: LiveContainer): boolean {
  return table.byId(live.record.id) === live;
}
