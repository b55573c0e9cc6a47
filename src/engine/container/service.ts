import type { Duplex } from 'node:stream';
import type { Filters } from '../../api/filters.ts';
import type {
  ContainerConfig,
  ContainerCreateResponse,
  ContainerInspectResponse,
  ContainerSummary,
  ContainerTopResponse,
  ContainerWaitResponse,
  HostConfig,
  NetworkingConfig,
} from '../../api/types/container.ts';
import type { EndpointSettings } from '../../api/types/network.ts';
import type { ChainId } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';

/** Every verb of containers. Names are ids, names (with or without `/`) or unique id prefixes; unknown: not_found `No such container: x`. */
export interface ContainerService {
  create(request: CreateRequest): Promise<ContainerCreateResponse>;
  /** `not_modified` when it runs already. Start failures: invalid_parameter or system with the runtime's text; exit code 126/127/128 is stored. */
  start(name: string, options?: { readonly detachKeys?: string }): Promise<void>;
  /** Default signal and timeout from the container. `timeoutSeconds` < 0: wait forever. `not_modified` when not running. */
  stop(name: string, options: { readonly signal?: string; readonly timeoutSeconds?: number }): Promise<void>;
  restart(name: string, options: { readonly signal?: string; readonly timeoutSeconds?: number }): Promise<void>;
  kill(name: string, signal: string | undefined): Promise<void>;
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  rename(name: string, newName: string): Promise<void>;
  /** Joins one more network, at once when it runs. Errors: not_found, invalid_parameter, forbidden. */
  connect(name: string, network: string, settings: EndpointSettings): Promise<void>;
  /** Errors: not_found, forbidden when it is not on that network. */
  disconnect(name: string, network: string): Promise<void>;
  /** By its own name, `container/alias`. Errors: not_found for either; conflict for the name of a container. */
  removeLink(name: string): Promise<void>;
  remove(name: string, options: { readonly force: boolean; readonly volumes: boolean }): Promise<void>;
  prune(filters: Filters): Promise<{ readonly deleted: readonly string[]; readonly reclaimedBytes: number }>;
  list(options: {
    readonly all: boolean;
    readonly limit?: number;
    readonly size: boolean;
    readonly filters: Filters;
  }): Promise<readonly ContainerSummary[]>;
  inspect(name: string, options: { readonly size: boolean }): Promise<ContainerInspectResponse>;
  /**
   * Resolves as soon as the waiter is registered (headers are flushed then); `result` resolves at the condition.
   * Errors: not_found; invalid_parameter for an unknown condition.
   */
  wait(
    name: string,
    condition: string,
    signal: AbortSignal,
  ): Promise<{ readonly result: Promise<ContainerWaitResponse> }>;
  /** Titles and processes of host `ps`; conflict `container X is not running`. */
  top(name: string, psArgs: string): Promise<ContainerTopResponse>;
  resize(name: string, rows: number, columns: number): Promise<void>;
  /**
   * Log records in order, several at a time, raw for a tty container, else framed by `framed` consumers: the caller frames. Ends when past
   * records are read, or with `follow` when the container has stopped and all is read.
   * Errors: not_found; not_implemented when the log driver keeps nothing readable.
   */
  logs(
    name: string,
    options: LogOptions,
  ): Promise<{ readonly tty: boolean; readonly records: AsyncIterable<readonly LogRecord[]> }>;
  /**
   * Attaches to a container in any state. For one not yet started, the stream begins with its first output.
   * The readable side is in wire format already (raw for tty, else 8-byte frames); it ends when the container's output ends.
   */
  attach(name: string, options: AttachOptions): Promise<{ readonly tty: boolean; readonly stream: Duplex }>;
}

export interface CreateRequest {
  readonly name?: string;
  /** `os/arch[/variant]` */
  readonly platform?: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networkingConfig: NetworkingConfig;
  /** The layers that it stands on; then `config.Image` is only what is shown, and no image is looked for. */
  readonly layers?: { readonly chain: ChainId | undefined; readonly platform: Platform };
}

export interface LogOptions {
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since the epoch. */
  readonly sinceNanos?: bigint;
  readonly untilNanos?: bigint;
  /** Last n lines; undefined: all. */
  readonly tail?: number;
  readonly signal: AbortSignal;
}

export interface LogRecord {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, as in the file. */
  readonly time: string;
  readonly line: Uint8Array;
  /** From log options `labels`, `env`, `tag`: for `details`. */
  readonly attrs?: Readonly<Record<string, string>>;
}

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Replay the log first. */
  readonly logs: boolean;
  /** Stream live output; false: only logs. */
  readonly stream: boolean;
  /** `ctrl-p,ctrl-q` style; undefined: the default; applied to stdin of a tty. */
  readonly detachKeys?: string;
  readonly signal: AbortSignal;
}
