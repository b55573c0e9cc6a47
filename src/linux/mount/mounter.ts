/** Mounting on the host, by system calls. Paths are absolute. */
export interface Mounter {
  /** Mounts an overlay (over 100 lower directories must work); without `upper` and `work` a read-only one of at least two. `target` exists. Errors: system with errno text. */
  overlay(
    target: string,
    layers: { readonly lower: readonly string[]; readonly upper?: string; readonly work?: string },
  ): void;
  /** Unmounts (MNT_DETACH when `lazy`); fine when nothing is mounted there or the path is gone. */
  unmount(target: string, options?: { readonly lazy?: boolean }): void;
  /** Bind mounts; recursive by default. */
  bind(source: string, target: string, options?: { readonly readOnly?: boolean }): void;
  /** Mounts a device, or a folder with `bind`; options as mount(8) has them. Errors: system with the errno's name. */
  device(device: string, target: string, type: string, options: string): void;
  /**
   * Mounts what is at `source`, or at `subpath` within it, on `target`, which is made: a folder or a file, as the source is. Links in `subpath`
   * are resolved with `source` as their root. Errors: system, with errno's text; not_found when the subpath is not there; invalid_parameter
   * when kernel or file system cannot map ids (`idMap`).
   */
  stage(
    source: string,
    target: string,
    options: { readonly recursive: boolean; readonly subpath?: string; readonly idMap?: IdMap },
  ): Promise<void>;
  /** The mount that a path is on: its mount point, and whether it shares or follows mounts (mount_namespaces(7)). */
  sharing(path: string): { readonly point: string; readonly shared: boolean; readonly slave: boolean };
  /** Without `swap` its pages stay in memory where the kernel can promise that (Linux 6.4). */
  tmpfs(
    target: string,
    options: { readonly sizeBytes?: number; readonly mode?: number; readonly swap?: boolean },
  ): void;
  /** Mount points below (and at) a directory, deepest first, from /proc/self/mountinfo. */
  list(below: string): readonly string[];
}

/** Ids as they are on the disk (first of `count`) and as they appear through a mount. */
export interface IdMap {
  readonly uids: readonly IdMapRange[];
  readonly gids: readonly IdMapRange[];
}

export interface IdMapRange {
  readonly disk: number;
  readonly seen: number;
  readonly count: number;
}
