import type { IdMap } from '../../lib/id-map.ts';

/** Mounting on the host, by system calls. Paths are absolute. */
export interface Mounter {
  /**
   * Mounts an overlay (over 100 lower directories must work); without `upper` and `work` a read-only one of at least two. `target` exists.
   * With `userns` ids appear on the host as those of that namespace, whose own are those on the disk. Errors: system with errno text.
   */
  overlay(target: string, layers: OverlayFolders, options?: { readonly userns?: Userns }): void;
  /** Unmounts (MNT_DETACH when `lazy`); fine when nothing is mounted there or the path is gone. */
  unmount(target: string, options?: { readonly lazy?: boolean }): void;
  /** Bind mounts; recursive by default. */
  bind(source: string, target: string, options?: { readonly readOnly?: boolean }): void;
  /** Mounts a device, or a folder with `bind`; options as mount(8) has them. Errors: system with the errno's name. */
  device(device: string, target: string, type: string, options: string): void;
  /**
   * Mounts what is at `source`, or at `subpath` within it, on `target`, which is made: a folder or a file, as the source is. Links in `subpath`
   * are resolved with `source` as their root. Errors: system, with errno's text; not_found when the subpath is not there; invalid_parameter
   * when kernel or file system cannot map `ids`, which are given as numbers or as the file of a user namespace.
   */
  stage(
    source: string,
    target: string,
    options: { readonly recursive: boolean; readonly subpath?: string; readonly ids?: IdMap | string },
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

/** A user namespace: a file that stands for it, and its numbers. */
export interface Userns {
  readonly path: string;
  readonly map: IdMap;
}

/** Folders of an overlay, uppermost first. */
export interface OverlayFolders {
  readonly lower: readonly string[];
  readonly upper?: string;
  readonly work?: string;
}
