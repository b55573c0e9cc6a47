import type { Clock } from '../../../lib/async/clock.ts';
import { messageOf } from '../../../lib/errors.ts';
import type { ProbeResult } from '../../../store/record/container-records.ts';
import { type ContainerContext, isCurrent, publish } from '../context.ts';
import type { LiveContainer } from '../live.ts';
import { afterProbe, delayBeforeProbe, healthAtStart, isWorthKeeping } from './decide.ts';
import { type HealthPlan, toHealthPlan, toOnFailure } from './health-config.ts';
import { actOnFailure } from './on-failure.ts';

/** One probe of a container, run to its end. */
export interface Probe {
  readonly argv: readonly string[];
  readonly timeoutMs: number;
  /** Aborted when nobody wants the result any more: the process is killed and the promise rejects. */
  readonly signal: AbortSignal;
}

/** The exit code (-1: it took too long) and the beginning of the output. Rejects when it could not be run. */
export type RunProbe = (live: LiveContainer, probe: Probe) => Promise<Pick<ProbeResult, 'exitCode' | 'output'>>;

/** Probes containers as long as they run. */
export interface HealthChecks {
  /** Probing begins, the first time after one interval; does nothing for a container without a test. Under the lock or in recovery. */
  begin(live: LiveContainer): void;
  /** No probe begins any more, one that runs is killed and its result does not count. Fine when there is none. */
  end(live: LiveContainer): void;
  /** As `end`, for all: the daemon goes. */
  endAll(): void;
}

/** The probing of one run of a container. */
interface Round {
  readonly live: LiveContainer;
  readonly plan: HealthPlan;
  readonly abort: AbortController;
  cancelTimer: () => void;
  /** What its label asks for is under way. */
  acting: boolean;
}

export function createHealthChecks(deps: {
  readonly context: () => ContainerContext;
  readonly clock: Clock;
  readonly probe: RunProbe;
}): HealthChecks {
  const rounds = new Map<string, Round>();
  const end = (id: string): void => {
    const round = rounds.get(id);
    rounds.delete(id);
    round?.cancelTimer();
    round?.abort.abort(new Error('nobody probes any more'));
  };

  function arm(round: Round): void {
    const { state } = round.live.record;
    const sinceStartMs = deps.clock.now().getTime() - Date.parse(state.startedAt);
    const delayMs = delayBeforeProbe(state.health?.status ?? 'starting', sinceStartMs, round.plan);
    const { tasks } = deps.context();
    round.cancelTimer = deps.clock.after(delayMs, () =>
      tasks.spawn(`health check of container ${round.live.record.id}`, () => check(round)),
    );
  }

  async function check(round: Round): Promise<void> {
    const start = deps.clock.now().toISOString();
    const { argv, timeoutMs } = round.plan;
    const { signal } = round.abort;
    const found = await deps
      .probe(round.live, { argv, timeoutMs, signal })
      .catch((error: unknown) => ({ exitCode: -1, output: messageOf(error) }));
    if (signal.aborted || !isCurrent(deps.context(), round.live)) return;
    settle(round, { ...found, start, end: deps.clock.now().toISOString() });
    arm(round);
  }

  /** Needs no lock: between reading the state and writing it nothing waits, and `signal` tells of every other change. */
  function settle(round: Round, result: ProbeResult): void {
    const ctx = deps.context();
    const { live, plan } = round;
    const { state } = live.record;
    const before = state.health ?? { status: 'starting', failingStreak: 0, log: [] };
    const health = afterProbe(before, result, { ...plan, startedAt: state.startedAt });
    // A probe that cannot be recorded counts all the same, and the next one comes.
    if (isWorthKeeping(before, health)) ctx.table.settleState(live, { ...state, health });
    else ctx.table.setState(live, { ...state, health });
    if (health.status !== before.status) publish(ctx, live.record, `health_status: ${health.status}`);
    // Asked at every failure and not only at the first: the daemon may have died before it could act.
    if (health.status === 'unhealthy') act(round);
  }

  function act(round: Round): void {
    const action = toOnFailure(round.live.record.config);
    if (action === 'none' || round.acting) return;
    round.acting = true;
    const ctx = deps.context();
    ctx.tasks.spawn(`${action} of unhealthy container ${round.live.record.id}`, async () => {
      await actOnFailure(ctx, round.live, action);
      round.acting = false;
    });
  }

  return {
    begin(live) {
      end(live.record.id);
      const plan = toHealthPlan(live.record.config);
      if (!plan) return;
      const ctx = deps.context();
      const { state } = live.record;
      if (!state.health) ctx.table.saveState(live, { ...state, ...healthAtStart(plan, state) });
      const round: Round = {
        live,
        plan,
        abort: new AbortController(),
        cancelTimer: () => undefined,
        acting: false,
      };
      rounds.set(live.record.id, round);
      arm(round);
    },
    end: (live) => end(live.record.id),
    endAll() {
      for (const id of rounds.keys()) end(id);
    },
  };
}
