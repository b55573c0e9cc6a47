import type { Volume } from '../../api/types/volume.ts';

/** Named and anonymous volumes of the `local` driver, `<data-root>/volumes/<name>/_data`. */
export interface VolumeService {
  /** Idempotent for an existing name. `anonymous` volumes carry the label com.docker.volume.anonymous. */
  create(request: {
    readonly name?: string;
    readonly driver?: string;
    readonly driverOpts?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly anonymous?: boolean;
  }): Promise<Volume>;
  list(filters: ReadonlyMap<string, readonly string[]>): Promise<readonly Volume[]>;
  /** Errors: not_found `get NAME: no such volume`. */
  inspect(name: string): Promise<Volume>;
  /** Errors: conflict `remove NAME: volume is in use - [ids]`; not_found unless `force`. */
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  /** Brings records and folders in line after a crash: finishes removals, takes back creations. What has content and no record is told of and kept. */
  recover(report: (what: string, error: unknown) => void): void;
  /** Every volume with its size and the number of containers that have it. */
  usage(): Promise<readonly Volume[]>;
  prune(
    filters: ReadonlyMap<string, readonly string[]>,
  ): Promise<{ readonly deleted: readonly string[]; readonly reclaimedBytes: number }>;
  /** Counts the container as a user of the volume, durably. Errors: not_found. */
  acquire(name: string, containerId: string): Promise<void>;
  /** A run begins that has the volume mounted: tells of it and returns the directory to bind. Errors: not_found. */
  mount(name: string, containerId: string, at: { readonly destination: string; readonly readOnly: boolean }): string;
  /** That run has ended. */
  unmount(name: string, containerId: string): void;
  /** Containers that are none of `known` use no volume: their creation was cut short. */
  releaseOthers(known: ReadonlySet<string>): void;
  /** The container no longer uses any volume. */
  releaseAll(containerId: string): Promise<void>;
  /** Copies the image's content at `imagePath` (inside the mounted rootfs) into the volume if it is empty, with owners and modes. */
  copyUp(name: string, rootfs: string, imagePath: string): Promise<void>;
}
