import type { Filters } from '../../api/filters.ts';
import type { Volume } from '../../api/types/volume.ts';

/** Named and anonymous volumes: those of the `local` driver in `<data-root>/volumes/<name>/_data`, and those that plugins keep. */
export interface VolumeService {
  /**
   * Idempotent for an existing name, whose options and labels stay as they are. Anonymous volumes carry the label
   * com.docker.volume.anonymous. Errors: invalid_parameter; conflict when another driver has the name; not_found for an unknown driver; the driver's.
   */
  create(request: {
    readonly name?: string;
    readonly driver?: string;
    readonly driverOpts?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly anonymous?: boolean;
    /** The container it is made for: its user from the first moment. */
    readonly usedBy?: string;
  }): Promise<Volume>;
  /** `warnings` name plugins that do not answer. */
  list(filters: Filters): Promise<{ readonly volumes: readonly Volume[]; readonly warnings: readonly string[] }>;
  /** Errors: not_found `get NAME: no such volume`. */
  inspect(name: string): Promise<Volume>;
  /** Errors: conflict `remove NAME: volume is in use - [ids]`; not_found unless `force`. */
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  /**
   * Brings records, folders and mounts in line after a crash: finishes removals, renames and copies that were whole, takes back everything
   * else. After containers that run were adopted. What has content and no record is told of and kept.
   */
  recover(report: (what: string, error: unknown) => void): void;
  /** Every local volume that is a folder of its own, with its size and the number of containers that have it. */
  usage(): Promise<readonly Volume[]>;
  prune(filters: Filters): Promise<{ readonly deleted: readonly string[]; readonly reclaimedBytes: number }>;
  /** Counts the container as a user of the volume, durably. Errors: not_found. */
  acquire(name: string, containerId: string): Promise<void>;
  /** A run begins that has the volume mounted: makes it ready, tells of it and returns the directory to bind. Errors: not_found, the driver's. */
  mount(
    name: string,
    containerId: string,
    at: { readonly destination: string; readonly readOnly: boolean },
  ): Promise<string>;
  /** One {@link mount} of that run has ended. Errors: the driver's. */
  unmount(name: string, containerId: string): Promise<void>;
  /** A container of an earlier daemon runs on and has the volume mounted. */
  adopt(name: string, containerId: string): void;
  /** Its directory as far as it is known without asking a plugin; undefined for none. */
  mountpoint(name: string): string | undefined;
  /** Has the volume ready while `work` runs, without telling anybody. Errors: not_found, the driver's. */
  borrow<T>(name: string, work: (path: string) => Promise<T>): Promise<T>;
  /** Containers that are none of `known` use no volume: their creation was cut short. Anonymous volumes made for them alone go. */
  releaseOthers(known: ReadonlySet<string>): void;
  /** The container no longer uses any volume. */
  releaseAll(containerId: string): Promise<void>;
  /** Copies the image's content at `imagePath` (inside the mounted rootfs) into the volume if it is empty, with owners and modes. */
  copyUp(name: string, rootfs: string, imagePath: string): Promise<void>;
  /** What Docker has no verb for. */
  readonly copies: VolumeCopies;
}

/** Every new volume here is a local one, and is there whole or not at all, whatever ends the daemon meanwhile. */
export interface VolumeCopies {
  /**
   * A new volume with the content of another. Errors: not_found; conflict when `to` is taken, or when a running container has the source mounted
   * and it is not `force`.
   */
  copy(
    from: string,
    request: { readonly to: string; readonly labels?: Readonly<Record<string, string>>; readonly force: boolean },
    signal: AbortSignal,
  ): Promise<Volume>;
  /** Errors: not_found; conflict when the name is taken, or when any container uses the volume; invalid_parameter for a plugin's. */
  rename(from: string, to: string): Promise<void>;
  /** A tar of what is in it. Errors: not_found. */
  export(name: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** A new volume with the content of a tar (plain or compressed). Errors: conflict when the name is taken; invalid_parameter for a bad archive. */
  import(
    request: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
    archive: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<Volume>;
}
