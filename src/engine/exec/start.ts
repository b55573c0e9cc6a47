import { messageOf } from '../../lib/errors.ts';
import type { MonitorSession } from '../../linux/monitor/monitor.ts';
import { AttachStream } from '../container/attach-stream.ts';
import { publish } from '../container/context.ts';
import { createDetachScanner, parseDetachKeys } from '../container/detach-keys.ts';
import { formatFrame } from '../container/frame.ts';
import type { LiveContainer } from '../container/live.ts';
import { lookUpUser } from '../container/spec/user.ts';
import { cannotExec, hasRun, isRunningAlready } from './errors.ts';
import { checkContainer, type ExecContext } from './exec-context.ts';
import { toExecProcess } from './exec-process.ts';
import { commandOf, type LiveExec } from './exec-record.ts';
import { forgetLater, watchExecExit } from './exit.ts';

export interface ExecStart {
  readonly detach: boolean;
  /** A process that cannot be started is an error here, though a stream was asked for. */
  readonly failsLoudly?: boolean;
  readonly consoleSize?: readonly [number, number];
}

/** See ExecService.start. The exec is claimed at once: a second start is a conflict even while the first is under way. */
export async function startExec(
  ctx: ExecContext,
  exec: LiveExec,
  options: ExecStart,
): Promise<AttachStream | undefined> {
  const { record } = exec;
  if (exec.status === 'running') throw isRunningAlready(record.id);
  if (exec.status === 'ended') throw hasRun(record.id);
  const live = ctx.containers.table.find(record.containerId);
  checkContainer(live);
  exec.status = 'running';
  try {
    return await launch(ctx, live, exec, options);
  } catch (error) {
    exec.status = 'ended';
    exec.exitCode = exitCodeOf(error);
    live.execIds.delete(record.id);
    const failure = cannotExec(error);
    forgetLater(ctx.execs, exec);
    if (options.detach || options.failsLoudly) throw failure;
    return refusal(ctx, live, exec, failure);
  } finally {
    exec.settled.resolve();
  }
}

/** Docker has answered with a stream by now: the reason is its only output, and the exit code tells. */
function refusal(ctx: ExecContext, live: LiveContainer, exec: LiveExec, failure: unknown): AttachStream {
  const stream = createStream(ctx, live, exec);
  const text = new TextEncoder().encode(`${messageOf(failure)}\r\n`);
  stream.refuse(exec.record.request.Tty ? text : formatFrame('stdout', text));
  return stream;
}

async function launch(
  ctx: ExecContext,
  live: LiveContainer,
  exec: LiveExec,
  options: ExecStart,
): Promise<AttachStream | undefined> {
  const { containers } = ctx;
  const { record } = exec;
  containers.cgroups.expectMoves();
  await using undo = new AsyncDisposableStack();
  undo.defer(() => containers.bundles.removeExec(record.containerId, record.id));
  const session = await launchMonitor(ctx, live, exec, options);
  undo.defer(() => session.abandon());
  const stream = options.detach ? undefined : await attach(session, ctx, live, exec);
  if (stream) undo.defer(() => void stream.destroy());
  const { pid } = await session.go();
  undo.move();
  exec.session = session;
  exec.pid = pid;
  publish(containers, live.record, `exec_start: ${commandOf(record)}`, { execID: record.id });
  watchExecExit(ctx, live, exec, session);
  return stream;
}

async function launchMonitor(
  ctx: ExecContext,
  live: LiveContainer,
  exec: LiveExec,
  options: ExecStart,
): Promise<MonitorSession> {
  const { bundles, monitors, settings } = ctx.containers;
  const { record } = exec;
  const { request, containerId } = record;
  const [rows = 0, columns = 0] = options.consoleSize ?? request.ConsoleSize ?? [];
  const consoleSize = request.Tty && rows > 0 && columns > 0 ? { rows, columns } : undefined;
  const process = toExecProcess(bundles.readProcess(containerId), request, {
    consoleSize,
    user: userOf(ctx, live, request.User),
    ownHome: live.record.config.Env?.some((entry) => entry.startsWith('HOME=')) ?? false,
    allCapabilities: ctx.allCapabilities,
  });
  const { monitor, processFile } = bundles.makeExec(containerId, record.id, { process, record });
  const runtime = live.record.hostConfig.Runtime || settings.defaults.runtime;
  return await monitors.launch({
    dir: monitor,
    target: { kind: 'exec', id: containerId, processFile },
    runtime: settings.runtimes[runtime] ?? [],
    tty: request.Tty ?? false,
    stdin: (request.AttachStdin ?? false) && !options.detach,
    stdinOnce: true,
    ...(consoleSize && { consoleSize }),
    ...(settings.spillDir !== undefined && { spillDir: settings.spillDir }),
  });
}

/** The user of an exec: its own, else the container's. Errors: invalid_parameter when there is none of that name. */
export function userOf(
  ctx: ExecContext,
  { record }: LiveContainer,
  user: string | undefined,
): ReturnType<typeof lookUpUser> {
  return lookUpUser(
    user || record.config.User || '',
    ctx.containers.bundles.readAccounts(record.id),
    record.hostConfig.GroupAdd,
  );
}

async function attach(
  session: MonitorSession,
  ctx: ExecContext,
  live: LiveContainer,
  exec: LiveExec,
): Promise<AttachStream> {
  const stream = createStream(ctx, live, exec);
  stream.connect(await session.attach(stream.wants));
  return stream;
}

function createStream(ctx: ExecContext, live: LiveContainer, exec: LiveExec): AttachStream {
  const { request, id } = exec.record;
  const stream = new AttachStream({
    ...(request.Tty && { scanner: createDetachScanner(parseDetachKeys(request.DetachKeys)) }),
    wants: {
      stdin: request.AttachStdin ?? false,
      stdout: request.AttachStdout ?? false,
      stderr: request.AttachStderr ?? false,
    },
  });
  stream.onDetach = () => publish(ctx.containers, live.record, 'exec_detach', { execID: id });
  return stream;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') return error.exitCode;
  return 126;
}
