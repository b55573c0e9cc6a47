import { isKind, messageOf } from '../../lib/errors.ts';
import type { MonitorSession } from '../../linux/monitor/monitor.ts';
import type { SpecWithSeccomp } from '../../linux/runtime/compiled-filters.ts';
import type { ContainerRecord } from '../../store/record/container-records.ts';
import type { NetworkAttachment } from '../network/network.ts';
import { showNetworks } from './connect.ts';
import { type ContainerContext, cgroupPath, publish, runtimeOf } from './context.ts';
import { diskFull, notRunning, startedAlready, startPaused, startRemoving, unknownRuntime } from './errors.ts';
import { dnsWishOf, formatHosts, resolvConfOf } from './etc-files.ts';
import { wakeExit, watchExit } from './exit.ts';
import { grantRealtime } from './grant-realtime.ts';
import { healthAtStart } from './health/decide.ts';
import { toHealthPlan } from './health/health-config.ts';
import { linkEnvironment, linkedTo, withLinkedHosts } from './links.ts';
import type { LiveContainer } from './live.ts';
import { logPathOf, logPlanOf } from './log/container-log-plan.ts';
import type { OpenLog } from './log/log-forwarders.ts';
import { endLostRun } from './lost-run.ts';
import { removeContainer } from './remove.ts';
import { etcMounts, prepareRoot, type Root } from './rootfs.ts';
import { isRunning, nextState } from './state.ts';
import { openUserns, type RunUserns } from './user-namespace.ts';

/** Who starts it: by `user` counts restarts anew, by `policy` counts one more. */
export type StartedBy = 'user' | 'policy';

/**
 * Starts a container under its lock. On failure everything is undone, exit code 126, 127 or 128 and the error's text are kept, and an
 * auto-remove container is removed. Errors: not_modified, conflict, the runtime's, the network's.
 */
export async function startContainer(ctx: ContainerContext, live: LiveContainer, by: StartedBy): Promise<void> {
  const { state } = live.record;
  if (state.status === 'paused') throw startPaused();
  if (state.status === 'removing' || state.status === 'dead' || live.removing) throw startRemoving();
  if (isRunning(state) && !(by === 'policy' && state.status === 'restarting')) throw startedAlready();
  if (by === 'user') live.restartDelayMs = undefined;
  try {
    await launch(ctx, live, by);
  } catch (error) {
    await keepFailure(ctx, live, error);
    throw error;
  }
}

async function launch(ctx: ContainerContext, live: LiveContainer, by: StartedBy): Promise<void> {
  const { record } = live;
  ctx.cgroups.expectMoves();
  await using undo = new AsyncDisposableStack();
  ctx.bundles.makeKept(record.id);
  ctx.bundles.makeRun(record.id);
  undo.defer(() => ctx.bundles.removeRun(record.id));
  undo.defer(() => endLostRun(ctx, record)); // a runtime that gives up half-way, or is killed, leaves things
  grantRealtime(ctx, record);
  const env = linkEnvironment(ctx, record);
  const log = await openLog(ctx, record, by, undo);
  const userns = await openUserns(ctx, record, undo);
  const [session, attached, root] = await allSettled(
    launchMonitor(ctx, record, undo),
    attachNetwork(ctx, record, userns, undo),
    prepareRoot(ctx, record, userns, undo),
  );
  const attachment = withLinkedHosts(ctx, record, attached);
  writeEtc(ctx, record, attachment);
  const etc = await etcMounts({ ctx, record, accounts: root.accounts, userns, undo });
  const spec = writeSpec(ctx, record, { attachment, userns, ...root, mounts: [...etc, ...root.mounts] }, env);
  live.session = session;
  live.attachment = attachment;
  undo.defer(() => {
    live.session = undefined;
    live.attachment = undefined;
  });
  await connectAttachers(live, session);
  const { pid, startedAt } = await session.go();
  ctx.filters.learn(runtimeOf(ctx, record), record.id, spec);
  undo.defer(async () => {
    await session.signal(9);
    await session.released;
  });
  ctx.table.saveState(
    live,
    nextState(record.state, 'started', {
      pid,
      startedAt: startedAt.toISOString(),
      exitCode: 0,
      error: '',
      oomKilled: false,
      manuallyStopped: false,
      restartCount: by === 'policy' ? record.state.restartCount + 1 : 0,
      ...healthAtStart(toHealthPlan(record.config), record.state),
    }),
  );
  live.stopAsked = false;
  undo.move();
  log?.begin(session);
  publish(ctx, live.record, 'start');
  tellLinked(ctx, record.id);
  watchExit(ctx, live, session);
  ctx.health.begin(live);
}

/** Its address may be another one than before. */
function tellLinked(ctx: ContainerContext, id: string): void {
  for (const other of linkedTo(ctx, id)) {
    try {
      if (other.attachment) showNetworks(ctx, other, other.attachment);
    } catch (error) {
      ctx.report(`telling container ${other.record.id} of its link`, error);
    }
  }
}

/** Waits for all, so that nothing is still being made while it is undone; then throws the first failure. */
async function allSettled<T extends readonly unknown[]>(...work: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return (await Promise.all(work)) as unknown[] as readonly unknown[] as T;
}

async function launchMonitor(
  ctx: ContainerContext,
  record: ContainerRecord,
  undo: AsyncDisposableStack,
): Promise<MonitorSession> {
  const { config, hostConfig } = record;
  const name = runtimeOf(ctx, record);
  const runtime = ctx.settings.runtimes[name];
  if (!runtime) throw unknownRuntime(name);
  const paths = ctx.bundles.paths(record.id);
  const { file } = logPlanOf(record);
  const [rows = 0, columns = 0] = hostConfig.ConsoleSize ?? [];
  const session = await ctx.monitors.launch({
    dir: paths.monitor,
    target: { kind: 'container', id: record.id, bundle: paths.run },
    runtime,
    tty: config.Tty ?? false,
    stdin: config.OpenStdin ?? false,
    stdinOnce: config.StdinOnce ?? false,
    ...(config.Tty && rows > 0 && columns > 0 && { consoleSize: { rows, columns } }),
    ...(file && { log: { ...file, path: logPathOf(ctx, record) } }),
    ...(ctx.settings.spillDir !== undefined && { spillDir: ctx.settings.spillDir }),
    oomFile: ctx.cgroups.oomFile(cgroupPath(ctx, record)),
  });
  undo.defer(() => session.abandon());
  return session;
}

/** A start by its policy need not reach the remote: the container ran before, and what it says is kept. */
async function openLog(
  ctx: ContainerContext,
  record: ContainerRecord,
  by: StartedBy,
  undo: AsyncDisposableStack,
): Promise<OpenLog | undefined> {
  const { forward } = logPlanOf(record);
  if (!forward) return undefined;
  const log = await ctx.logForwarders.open(record, forward, { mustAnswer: forward.mustAnswer && by === 'user' });
  undo.defer(() => log.abandon());
  return log;
}

async function attachNetwork(
  ctx: ContainerContext,
  record: ContainerRecord,
  userns: RunUserns | undefined,
  undo: AsyncDisposableStack,
): Promise<NetworkAttachment> {
  const { hostConfig, config } = record;
  const mode = hostConfig.NetworkMode ?? 'bridge';
  if (mode.startsWith('container:')) return shareNetwork(ctx, mode.slice('container:'.length));
  // A container that was taken off all its networks has loopback alone.
  const { Dns, DnsOptions } = dnsWishOf(hostConfig, ctx.settings.defaults);
  const isAlone = config.NetworkDisabled || Object.keys(record.endpoints).length === 0;
  const attachment = await ctx.networking.attach({
    containerId: record.id,
    containerName: record.name,
    hostname: config.Hostname ?? '',
    mode: isAlone ? 'none' : mode,
    endpoints: isAlone ? {} : record.endpoints,
    portBindings: hostConfig.PortBindings ?? {},
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    publishAll: hostConfig.PublishAllPorts ?? false,
    sysctls: hostConfig.Sysctls ?? {},
    dns: Dns,
    dnsOptions: DnsOptions,
    labels: config.Labels ?? {},
    ...(userns && { userns: userns.path }),
  });
  undo.defer(() => ctx.networking.release(record.id));
  return attachment;
}

/** The namespace of another running container; its endpoints and ports are not shown here. Errors: not_found, conflict. */
function shareNetwork(ctx: ContainerContext, name: string): NetworkAttachment {
  const other = ctx.table.find(name);
  if (!other.session || !other.attachment) throw notRunning(other.record.id);
  return { ...other.attachment, endpoints: {}, ports: {}, sandboxId: '', sandboxKey: '' };
}

/** What a run has been given. */
interface Prepared extends Root {
  readonly attachment: NetworkAttachment;
  readonly userns: RunUserns | undefined;
}

/** The files for its /etc; who shares a network shares those too. */
function writeEtc(
  ctx: ContainerContext,
  { hostConfig, config, id }: ContainerRecord,
  attachment: NetworkAttachment,
): void {
  if (hostConfig.NetworkMode?.startsWith('container:')) return;
  const host = ctx.bundles.readHost();
  ctx.bundles.writeEtc(id, {
    hosts: formatHosts(hostConfig, attachment, host.hosts, config.Domainname, ctx.networking.hostGateways()),
    hostname: `${config.Hostname ?? ''}\n`,
    resolvConf: resolvConfOf(hostConfig, dnsWishOf(hostConfig, ctx.settings.defaults), attachment, host),
  });
}

/** Writes what the runtime reads and returns it. */
function writeSpec(
  ctx: ContainerContext,
  record: ContainerRecord,
  { attachment, accounts, mounts, userns }: Prepared,
  linkEnv: readonly string[],
): SpecWithSeccomp {
  const { hostConfig, config, id } = record;
  const spec = ctx.buildSpec({
    id,
    rootfs: ctx.bundles.paths(id).rootfs,
    config: linkEnv.length > 0 ? { ...config, Env: [...linkEnv, ...(config.Env ?? [])] } : config,
    hostConfig,
    accounts,
    hostname: config.Hostname ?? '',
    mounts,
    netnsPath: attachment.netnsPath,
    userns,
    joins: { ...joinOf(ctx, 'pid', hostConfig.PidMode), ...joinOf(ctx, 'ipc', hostConfig.IpcMode) },
    cgroupPath: cgroupPath(ctx, record),
  });
  ctx.bundles.writeSpec(id, ctx.filters.apply(runtimeOf(ctx, record), spec));
  return spec;
}

function joinOf(
  ctx: ContainerContext,
  kind: 'pid' | 'ipc',
  mode: string | undefined,
): { readonly pid?: number; readonly ipc?: number } {
  if (!mode?.startsWith('container:')) return {};
  const other = ctx.table.find(mode.slice('container:'.length)).record;
  if (other.state.pid === 0) throw notRunning(other.id);
  return { [kind]: other.state.pid };
}

/** Everyone who waits for output is connected before there can be any. */
async function connectAttachers(live: LiveContainer, session: MonitorSession): Promise<void> {
  const waiting = [...live.waitingAttachers];
  live.waitingAttachers.clear();
  await Promise.all(waiting.map(async (stream) => stream.connect(await session.attach(stream.wants))));
}

async function keepFailure(ctx: ContainerContext, live: LiveContainer, error: unknown): Promise<void> {
  const { state } = live.record;
  for (const stream of live.waitingAttachers) stream.finish();
  live.waitingAttachers.clear();
  const failed = nextState(state, 'start_failed', {
    exitCode: exitCodeOf(error),
    error: messageOf(error),
    pid: 0,
  });
  // It has happened, whether that can be written or not: who waits for a container that was restarting is woken.
  if (!ctx.table.settleState(live, failed))
    ctx.report(`keeping the failed start of container ${live.record.id}`, diskFull());
  if (state.status === 'restarting') wakeExit(live, failed.exitCode);
  try {
    if (live.record.hostConfig.AutoRemove && !isKind(error, 'not_modified'))
      await removeContainer(ctx, live, { volumes: true });
  } catch (second) {
    ctx.report(`after a failed start of container ${live.record.id}`, second);
  }
}

/** Failures of the runtime carry their exit code. */
function exitCodeOf(error: unknown): number {
  if (error instanceof Error && 'exitCode' in error && typeof error.exitCode === 'number') return error.exitCode;
  return 128;
}
