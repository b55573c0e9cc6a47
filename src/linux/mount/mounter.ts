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
  tmpfs(target: string, options: { readonly sizeBytes?: number; readonly mode?: number }): void;
  /** Mount points below (and at) a directory, deepest first, from /proc/self/mountinfo. */
  list(below: string): readonly string[];
}
