import { settlesWithin } from '../container/stop.ts';
import { createExec } from './create.ts';
import { execNotRunning, noSuchExec } from './errors.ts';
import type { ExecContext, ExecDeps } from './exec-context.ts';
import type { LiveExec } from './exec-record.ts';
import { recoverExecs } from './recover.ts';
import type { ExecInspect, ExecService } from './service.ts';
import { startExec } from './start.ts';

/** How long a resize waits for the process to start. */
const RESIZE_WAIT_MS = 10_000;

export interface Execs {
  readonly service: ExecService;
  /** Finds again what runs in a container whose monitor was found again. */
  recover(containerId: string): Promise<void>;
}

export function createExecService(deps: ExecDeps): Execs {
  const ctx: ExecContext = { ...deps, execs: deps.containers.execs };
  const find = (id: string): LiveExec => {
    const exec = ctx.execs.get(id);
    if (!exec) throw noSuchExec(id);
    return exec;
  };
  return {
    recover: (containerId) => recoverExecs(ctx, containerId),
    service: {
      create: async (container, request) => ({ id: createExec(ctx, container, request).record.id }),
      async start(id, options) {
        const exec = find(id);
        const stream = await startExec(ctx, exec, options);
        return { tty: exec.record.request.Tty ?? false, stream };
      },
      async resize(id, rows, columns) {
        const exec = find(id);
        if (!exec.session) await settlesWithin(exec.settled.promise, RESIZE_WAIT_MS);
        if (!exec.session) throw execNotRunning(id);
        await exec.session.resize(rows, columns);
      },
      inspect: async (id) => toInspect(find(id)),
    },
  };
}

function toInspect({ record, status, exitCode, pid }: LiveExec): ExecInspect {
  const { request, id, containerId } = record;
  const [entrypoint = '', ...args] = request.Cmd ?? [];
  return {
    ID: id,
    Running: status === 'running',
    ExitCode: exitCode,
    ProcessConfig: {
      tty: request.Tty ?? false,
      entrypoint,
      arguments: args,
      privileged: request.Privileged ?? false,
      ...(request.User && { user: request.User }),
    },
    OpenStdin: request.AttachStdin ?? false,
    OpenStderr: request.AttachStderr ?? false,
    OpenStdout: request.AttachStdout ?? false,
    CanRemove: status === 'ended',
    ContainerID: containerId,
    DetachKeys: request.DetachKeys ?? '',
    Pid: pid,
  };
}
