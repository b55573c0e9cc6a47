import type { ContainerConfig, HostConfig } from '../../api/types/container.ts';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { IdMap } from '../../lib/id-map.ts';

/** Containers as they are kept: everything acknowledged to a client is in here before the answer goes out. */
export interface ContainerRecords {
  /** Every record, oldest first. */
  all(): readonly ContainerRecord[];
  /** One transaction, durable when it returns. Errors: conflict when the id or name is taken. */
  insert(record: ContainerRecord): void;
  /** Replaces the state alone, durably. Unknown ids are ignored: the container has been removed. */
  saveState(id: string, state: StateRecord): void;
  /** Replaces the networks it joins, durably. Unknown ids are ignored. */
  saveEndpoints(id: string, endpoints: ContainerRecord['endpoints']): void;
  /** Replaces limits and policies, durably. Unknown ids are ignored. */
  saveHostConfig(id: string, hostConfig: HostConfig): void;
  /** Errors: conflict when the name is taken. */
  rename(id: string, name: string): void;
  /** Fine when it is gone. */
  delete(id: string): void;
}

export interface ContainerRecord {
  /** 64 hex digits. */
  readonly id: string;
  /** Without a slash. */
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly created: string;
  readonly image: ImageOfContainer;
  /** Merged with the image's config. */
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  readonly mounts: readonly MountRecord[];
  readonly state: StateRecord;
}

export interface ImageOfContainer {
  readonly id: string;
  /** As the client wrote it. */
  readonly reference: string;
  readonly manifest: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly chain: string | undefined;
}

export type MountRecord = BindMount | VolumeMount | TmpfsMount | ImageMount;

interface MountBase {
  readonly destination: string;
  readonly readOnly: boolean;
  /** Third part of a `-v` as given, e.g. `ro,z`. */
  readonly mode: string;
}

export interface BindMount extends MountBase {
  readonly kind: 'bind';
  readonly source: string;
  readonly propagation: string;
  /** Make the source as a directory when it is missing (`-v` does, `--mount` does not). */
  readonly createSource: boolean;
  readonly nonRecursive: boolean;
  /** Read-only counts for what is mounted below the source too (`:ro` means that; `bind-recursive=writable` does not). */
  readonly recursiveReadOnly?: boolean;
  readonly idMapping?: IdMapping;
}

/**
 * What ids of files look like through a mount. `owner`: the owner of the source appears as the container's user and the other way round;
 * `ranges`: these and no others.
 */
export type IdMapping = { readonly kind: 'owner' } | ({ readonly kind: 'ranges' } & IdMap);

export interface VolumeMount extends MountBase {
  readonly kind: 'volume';
  readonly name: string;
  readonly driver: string;
  /** Made for this container, without a name given by the user: removed with it on request. */
  readonly anonymous: boolean;
  /** Copy what the image has at the destination into the empty volume. */
  readonly copyUp: boolean;
  /** Relative path within the volume; never leads out of it. */
  readonly subpath?: string;
  readonly idMapping?: IdMapping;
}

/** An image's file system; what is written there is the container's own and goes with it. */
export interface ImageMount extends MountBase {
  readonly kind: 'image';
  /** As the client wrote it. */
  readonly source: string;
  /** The image's ID and the digest of its platform's manifest, as it was found; absent in old records. */
  readonly image?: { readonly id: string; readonly manifest: string };
  readonly chain: string | undefined;
  readonly subpath?: string;
}

export interface TmpfsMount extends MountBase {
  readonly kind: 'tmpfs';
  /** Asked for as a mount: it is listed, and others take it along; absent: by HostConfig.Tmpfs. */
  readonly listed?: true;
  /** mount(8) options, e.g. `size=64m`. */
  readonly options: readonly string[];
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removing' | 'dead';

export interface StateRecord {
  readonly status: ContainerStatus;
  /** 0 when nothing runs. */
  readonly pid: number;
  readonly exitCode: number;
  /** Why the last start failed, else empty. */
  readonly error: string;
  readonly oomKilled: boolean;
  /** RFC 3339; Go's zero time: never. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Restarts made by the policy since the last start by hand. */
  readonly restartCount: number;
  /** A user has stopped or killed it: no policy brings it back while this daemon runs. */
  readonly manuallyStopped: boolean;
  /** Absent: it has never run with a health check. */
  readonly health?: HealthRecord;
}

export interface HealthRecord {
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  /** Failures since the last success. */
  readonly failingStreak: number;
  /** The last five, oldest first. */
  readonly log: readonly ProbeResult[];
}

/** What one probe found; times are RFC 3339. */
export interface ProbeResult {
  readonly start: string;
  readonly end: string;
  /** 0 is healthy; -1: it took too long or could not be run. */
  readonly exitCode: number;
  readonly output: string;
}
