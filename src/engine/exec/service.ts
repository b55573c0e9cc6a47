import type { Duplex } from 'node:stream';

/** Commands run inside running containers. Unknown exec id: not_found `No such exec instance: x`. */
export interface ExecService {
  /** Errors: conflict `container x is not running` / `is paused`; invalid_parameter without a command or with an unknown user. */
  create(container: string, request: ExecRequest): Promise<{ readonly id: string }>;
  /**
   * Runs it. With `detach` resolves when started, stream undefined. Errors: conflict when it ran already; invalid_parameter with
   * the runtime's text when the command cannot run (exit code 126/127 is stored).
   * `beforeOutput` is called once the request is known to be good and before any output flows (the hijack answer goes out there).
   */
  start(
    id: string,
    options: {
      readonly detach: boolean;
      readonly tty: boolean;
      readonly consoleSize?: readonly [number, number];
      readonly signal: AbortSignal;
    },
  ): Promise<{ readonly tty: boolean; readonly stream: Duplex | undefined }>;
  resize(id: string, rows: number, columns: number): Promise<void>;
  inspect(id: string): Promise<ExecInspect>;
}

/** Body of POST /containers/{id}/exec. */
export interface ExecRequest {
  readonly AttachStdin?: boolean;
  readonly AttachStdout?: boolean;
  readonly AttachStderr?: boolean;
  readonly DetachKeys?: string;
  readonly Tty?: boolean;
  readonly Env?: readonly string[] | null;
  readonly Cmd?: readonly string[] | null;
  readonly Privileged?: boolean;
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly ConsoleSize?: readonly [number, number] | null;
}

/** Answer of GET /exec/{id}/json. */
export interface ExecInspect {
  readonly ID: string;
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly ProcessConfig: {
    readonly tty: boolean;
    readonly entrypoint: string;
    readonly arguments: readonly string[];
    readonly privileged: boolean;
    readonly user?: string;
  };
  readonly OpenStdin: boolean;
  readonly OpenStderr: boolean;
  readonly OpenStdout: boolean;
  readonly CanRemove: boolean;
  readonly ContainerID: string;
  readonly DetachKeys: string;
  readonly Pid: number;
}
