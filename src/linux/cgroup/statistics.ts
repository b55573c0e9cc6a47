/** What a container uses, as the kernel counts it. */
export interface Statistics {
  /** The cgroup's counters; undefined when it is gone. `path` is below each hierarchy's root. */
  cgroup(path: string): CgroupStatistics | undefined;
  /** Counters of every link but loopback in the network namespace of a process; empty when it has gone. */
  network(pid: number): Readonly<Record<string, LinkStatistics>>;
  machine(): MachineStatistics;
}

export interface CgroupStatistics {
  readonly cpu: {
    readonly totalNanos: number;
    readonly userNanos: number;
    readonly kernelNanos: number;
    /** Only version 1 has it. */
    readonly perCpuNanos?: readonly number[];
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNanos: number;
  };
  readonly memory: {
    readonly usageBytes: number;
    /** Only version 1 has it. */
    readonly maxUsageBytes?: number;
    readonly failures: number;
    /** undefined: no limit. */
    readonly limitBytes: number | undefined;
    /** memory.stat as it stands. */
    readonly details: Readonly<Record<string, number>>;
  };
  /** undefined: the kernel does not count them here. */
  readonly pids: { readonly current: number; readonly limit: number | undefined } | undefined;
  readonly blockBytes: readonly BlockStatistics[];
  /** Operations. */
  readonly blockOperations: readonly BlockStatistics[];
}

export interface BlockStatistics {
  readonly major: number;
  readonly minor: number;
  /** `Read`, `Write`, `Total`, ... in version 1; `read` and `write` in version 2. */
  readonly operation: string;
  readonly value: number;
}

export interface LinkStatistics {
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receivedErrors: number;
  readonly receivedDropped: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sentErrors: number;
  readonly sentDropped: number;
}

export interface MachineStatistics {
  /** Of all CPUs together, idle time included. */
  readonly cpuNanos: number;
  readonly cpus: number;
}
