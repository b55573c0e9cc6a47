import type { Duplex } from 'node:stream';

/**
 * The monitor: one small C process (monitor/, see its PROTOCOL.md) per running container or exec
 * session. It outlives the daemon: it holds the stdio, writes the log, serves attachers, and leaves
 * the exit status in a file. This is the daemon's side of it.
 *
 * Order of a start: `launch` (the monitor is up and listens, nothing runs) -> `attach` of everyone
 * who waits for output -> `go` (the OCI runtime runs). So no output is lost.
 */
export interface MonitorHost {
  /**
   * Starts a monitor. Resolves when it listens; nothing of the container runs yet.
   * Errors: `system` when it cannot be started. Nothing is left behind then.
   */
  launch(spec: MonitorSpec): Promise<MonitorSession>;

  /** Finds what became of the monitor that once was launched with this `dir`. Never starts anything. */
  reconnect(dir: string): Promise<MonitorFound>;
}

export interface MonitorSpec {
  /** Private directory, existing and empty: sockets, pid and exit files are made in it. On a tmpfs. */
  readonly dir: string;
  /** What the runtime is asked to run. */
  readonly target: ContainerTarget | ExecTarget;
  /** OCI runtime: program and global arguments that come before the subcommand, e.g. `['/usr/bin/crun', '--root', '/run/skiff/crun']`. */
  readonly runtime: readonly string[];
  readonly tty: boolean;
  /** Keep stdin open for attachers; else the process reads /dev/null. */
  readonly stdin: boolean;
  /** Close the process's stdin when the first attacher that has stdin half-closes or leaves. */
  readonly stdinOnce: boolean;
  /** Initial size of the terminal; default: the kernel's 0x0. */
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
  /** json-file log; undefined: none is kept. Exec sessions keep none. */
  readonly log?: LogFileSpec;
  /** Directory on a disk for the backlog of slow attachers; default /var/tmp. */
  readonly spillDir?: string;
  /** Cgroup file to watch for OOM kills of the container: v1 `memory.oom_control`, v2 `memory.events`. May not exist before `go`. */
  readonly oomFile?: string;
}

export interface ContainerTarget {
  readonly kind: 'container';
  readonly id: string;
  /** OCI bundle directory, holding config.json. */
  readonly bundle: string;
}

export interface ExecTarget {
  readonly kind: 'exec';
  /** Id of the running container. */
  readonly id: string;
  /** File with the OCI `process` object. */
  readonly processFile: string;
}

export interface LogFileSpec {
  /** The live file; rotated ones are `<path>.1`, `.2`, ... (`.gz` behind it when compressed). */
  readonly path: string;
  /** Rotate before the file would exceed this; undefined: never. */
  readonly maxSizeBytes?: number;
  /** Files kept, the live one included. Default 1. */
  readonly maxFiles?: number;
  readonly compress?: boolean;
  /** JSON text of an object of strings put as `attrs` into every record (labels, env, tag); undefined: none. */
  readonly attrs?: string;
}

export interface MonitorSession {
  /** Pid of the monitor itself. */
  readonly monitorPid: number;

  /**
   * Lets the runtime run. Resolves when the process has started, with its pid on the host.
   * Errors: RuntimeError (runtime-error.ts; kind `invalid_parameter` or `system`) with the runtime's own message; the monitor has ended
   * then, the runtime's state is deleted, and neither `exited` nor `released` rejects.
   */
  go(): Promise<{ readonly pid: number; readonly startedAt: Date }>;

  /**
   * A stream to the process. Readable side: output from now on, raw for a tty, else framed as the Engine API's
   * multiplexed stream (8-byte headers); it ends when the process's output ended. Writable side: stdin; `end()` half-closes.
   * A slow reader never blocks the process; see PROTOCOL.md for what happens to it.
   */
  attach(streams: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }): Promise<Duplex>;

  /**
   * The log may grow by that many bytes; then the process's output waits, until more is given or this session ends. Without a call it never
   * waits.
   */
  creditLog(bytes: number): void;

  /** Sends a signal to the process. False when it has already ended. */
  signal(signo: number): Promise<boolean>;

  /** Sets the terminal's size; `conflict` when there is no terminal or the process has ended. */
  resize(rows: number, columns: number): Promise<void>;

  /**
   * Resolves when the process has ended, its output is completely in the log and the exit file is on disk. Never rejects:
   * when the monitor died without a report, the report has `lost: true`.
   */
  readonly exited: Promise<ExitReport>;

  /** Resolves when the runtime's state (its directory, the cgroups) is deleted; the monitor then only waits for slow attachers. Never rejects. */
  readonly released: Promise<void>;

  /** Ends a monitor that was never told to go; harmless otherwise. */
  abandon(): Promise<void>;

  /** Drops this daemon's connection without ending anything (orderly shutdown with live-restore). */
  disconnect(): void;
}

export interface ExitReport {
  /** 0..255; 128 + signal number when a signal ended it. */
  readonly exitCode: number;
  readonly signal?: number;
  readonly oomKilled: boolean;
  readonly startedAt?: Date;
  readonly finishedAt: Date;
  /** The monitor vanished without a report (killed, machine crash): exit code is 137 then and the time is a guess. */
  readonly lost?: boolean;
}

export type MonitorFound =
  /** It runs: the session is connected. */
  | { readonly kind: 'running'; readonly session: MonitorSession; readonly pid: number; readonly startedAt: Date }
  /** It ended while nobody listened. Runtime state may still have to be deleted. */
  | { readonly kind: 'exited'; readonly report: ExitReport }
  /** It never started the process (never told to go, or the runtime failed); it has ended now. */
  | { readonly kind: 'never_started' }
  /** The directory does not exist or holds nothing of a monitor. */
  | { readonly kind: 'absent' };
