import type { KernelLimits } from './kernel-limits.ts';

/** Time of the real-time scheduler, in microseconds (kernel: scheduler/sched-rt-group.rst); 0: the kernel's own. */
export interface RealtimeBudget {
  readonly periodMicros: number;
  readonly runtimeMicros: number;
}

/** The control groups of containers, v1 (hybrid) or v2. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** What this machine's kernel can do. */
  readonly limits: KernelLimits;
  /**
   * Mounts the v1 controllers that the kernel has and nobody mounted, as cgroupfs-mount does: crun 1.8 refuses a hybrid layout in which the
   * unified hierarchy still owns controllers. Idempotent; nothing to do on v2.
   */
  prepare(): void;
  /**
   * To be called when a container or exec begins to be made: the first move of a process into a cgroup waits for a grace period of the kernel
   * (cgroup_threadgroup_rwsem, some milliseconds), those that follow soon do not. Returns at once and never fails.
   */
  expectMoves(): void;
  /**
   * Gives a cgroup and those above it real-time budgets, from the top down, since none may have more than the one above it; makes those that are
   * missing. Version 1 only. Errors: system, when the kernel does not grant that much.
   */
  grantRealtime(path: string, budget: RealtimeBudget): void;
  /** The file the monitor reads at a container's end: v1 memory.oom_control, v2 memory.events. */
  oomFile(path: string): string;
  /**
   * Stops or continues every process of a cgroup (v1 freezer.state, v2 cgroup.freeze); resolves when the kernel has done it. In one that is gone
   * nothing is left to continue. Errors: not_found when there is nothing to stop, system.
   */
  freeze(path: string, frozen: boolean): Promise<void>;
  isFrozen(path: string): boolean;
  /** Pids of every process in a cgroup and below it; empty when it is gone. */
  pids(path: string): readonly number[];
  /** Kills every process of a cgroup and below it, frozen ones too; resolves when none is left. Errors: system when some stay for 10 s. */
  kill(path: string): Promise<void>;
  /** Names of the cgroups right below one. */
  below(path: string): readonly string[];
  /** Removes what a lost runtime left of a cgroup; fine when it is gone. */
  remove(path: string): void;
}
