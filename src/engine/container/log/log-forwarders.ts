import type { Clock } from '../../../lib/async/clock.ts';
import { wrapError } from '../../../lib/errors.ts';
import type { LogSink } from '../../../linux/log-sink/log-sink.ts';
import type { MonitorSession } from '../../../linux/monitor/monitor.ts';
import type { ContainerRecord } from '../../../store/record/container-records.ts';
import type { ContainerContext } from '../context.ts';
import { logPathOf, logPlanOf } from './container-log-plan.ts';
import { createForwarder, type Forwarder } from './forward.ts';
import type { ForwardPlan } from './log-plan.ts';

/** How long the removal of a container waits for what its remote is still taking. */
const DRAIN_MS = 5000;
const SHUTDOWN_MS = 2000;

/** What sends the logs of containers whose driver has a remote. */
export interface LogForwarders {
  /**
   * Before a start. With `mustAnswer` the remote is connected when it resolves. Errors: system, `failed to create task for container: failed to
   * initialize logging driver: dial tcp ...`.
   */
  open(record: ContainerRecord, plan: ForwardPlan, options: { readonly mustAnswer: boolean }): Promise<OpenLog>;
  /** Every container whose log may hold something unsent goes on, after a start of the daemon. */
  recover(): void;
  /** Before a removal: lets a remote that takes what it is sent have the rest, for 5 s; what is left then is told and lost. */
  end(id: string): Promise<void>;
  /** Lets remotes have what ended containers have said, for 2 s: the daemon is going down. */
  drain(): Promise<void>;
  /** Stops in order: the next daemon goes on at the same place. The work is over when the task group is idle. */
  stopAll(): void;
}

export interface OpenLog {
  /** The container runs: from now on its log is sent. */
  begin(session: RunningSession): void;
  /** It does not. */
  abandon(): Promise<void>;
}

type RunningSession = Pick<MonitorSession, 'exited' | 'creditLog'>;

interface Running {
  readonly isFailing: () => boolean;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

export function createLogForwarders(deps: {
  readonly context: () => ContainerContext;
  readonly clock: Clock;
}): LogForwarders {
  const active = new Map<string, Running>();

  /** One at a time for each container: the one before ends in order first. */
  function begin(
    record: ContainerRecord,
    plan: ForwardPlan,
    session: RunningSession | undefined,
    first?: LogSink,
  ): void {
    const ctx = deps.context();
    const { id } = record;
    const before = active.get(id);
    before?.controller.abort();
    const controller = new AbortController();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const job = {
      containerId: id,
      logPath: logPathOf(ctx, record),
      placeFile: ctx.bundles.paths(id).logPlace,
      plan,
      stopped: session?.exited ?? Promise.resolve(),
      ...(session && { credit: (bytes: number) => session.creditLog(bytes) }),
      ...(first && { first }),
    };
    let forwarder: Forwarder | undefined;
    const running: Running = { isFailing: () => forwarder?.isFailing ?? false, controller, done };
    active.set(id, running);
    ctx.tasks.spawn(`sending the log of container ${id}`, async () => {
      try {
        await before?.done;
        forwarder = createForwarder(
          { follower: ctx.logFollower, sinks: ctx.logSinks, clock: deps.clock, tell: ctx.warn },
          job,
        );
        await forwarder.run(controller.signal);
      } finally {
        if (active.get(id) === running) active.delete(id);
        resolve();
      }
    });
  }

  /** Until it is done, or has been stopped because it fails or takes too long. */
  async function within(ms: number, running: Running | undefined): Promise<void> {
    if (!running) return;
    const abort = (): void => running.controller.abort();
    if (running.isFailing()) abort();
    const cancel = deps.clock.after(ms, abort);
    await running.done;
    cancel();
  }

  return {
    async open(record, plan, { mustAnswer }) {
      const { logSinks } = deps.context();
      let first: LogSink | undefined;
      if (mustAnswer) {
        try {
          first = await logSinks.open(plan.remote, { signal: new AbortController().signal });
        } catch (error) {
          throw wrapError(error, 'failed to create task for container: failed to initialize logging driver');
        }
      }
      return {
        begin(session) {
          begin(record, plan, session, first);
          first = undefined;
        },
        async abandon() {
          await first?.[Symbol.asyncDispose]();
        },
      };
    },
    recover() {
      const ctx = deps.context();
      for (const live of ctx.table.all()) {
        try {
          const { forward } = logPlanOf(live.record);
          if (forward) begin(live.record, forward, live.session);
        } catch (error) {
          ctx.report(`sending the log of container ${live.record.id}`, error);
        }
      }
    },
    async end(id) {
      const running = active.get(id);
      await within(DRAIN_MS, running);
      if (running?.controller.signal.aborted)
        deps.context().warn(`container ${id} is removed before all of its log was sent`);
    },
    async drain() {
      const ended = deps
        .context()
        .table.all()
        .filter(({ session }) => session === undefined);
      await Promise.all(ended.map(async ({ record }) => await within(SHUTDOWN_MS, active.get(record.id))));
    },
    stopAll() {
      for (const { controller } of active.values()) controller.abort();
    },
  };
}
