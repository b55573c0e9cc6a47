import type { Clock } from '../../../lib/async/clock.ts';
import { messageOf } from '../../../lib/errors.ts';
import type { LogSink, LogSinks } from '../../../linux/log-sink/log-sink.ts';
import type { LogBatch, LogFollower, LogPlace } from '../../../store/record/log-follower.ts';
import type { ForwardPlan } from './log-plan.ts';
import { createPartCounter } from './outgoing.ts';
import { retryDelayMs } from './retry.ts';

/** On a stream without answers, what was written so long before it broke has arrived. */
const SETTLE_MS = 1000;
/** The place is kept at most so often. */
const KEEP_MS = 200;

export interface ForwardDeps {
  readonly follower: LogFollower;
  readonly sinks: LogSinks;
  readonly clock: Clock;
  /** The daemon's log. */
  readonly tell: (message: string) => void;
}

export interface ForwardJob {
  readonly containerId: string;
  readonly logPath: string;
  /** Where the place is kept. */
  readonly placeFile: string;
  readonly plan: ForwardPlan;
  /** The run has ended and its output is in the file. */
  readonly stopped: Promise<unknown>;
  /** A sink that is open already. */
  readonly first?: LogSink;
  /** Lets the log grow by that much, when the plan says that it must not get away. */
  readonly credit?: (bytes: number) => void;
}

export interface Forwarder {
  /** Ends when everything of a stopped container has been sent, or soon after the signal is aborted. Never rejects because of the remote. */
  run(signal: AbortSignal): Promise<void>;
  /** The last attempt has failed. */
  readonly isFailing: boolean;
}

/**
 * Sends a log to its remote: in order, and each record at least once. The place of what has arrived is kept in a file, so that the next
 * daemon goes on there; a remote that fails is tried again, from that place.
 */
export function createForwarder(deps: ForwardDeps, job: ForwardJob): Forwarder {
  const { follower, clock, tell } = deps;
  const { plan, logPath } = job;
  const name = `log of container ${job.containerId.slice(0, 12)}`;
  const kept = follower.loadPlace(job.placeFile);
  /** What has been sent; what has arrived as far as one can know; what of that is in the file. */
  const place = { sent: kept, settled: kept, kept };
  let unsettled: { readonly next: LogPlace; readonly atMs: number }[] = [];
  let toPart = createPartCounter();
  let failures = 0;
  let first = job.first;
  let cancelTimer: (() => void) | undefined;

  function keep(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (place.settled === undefined || place.settled === place.kept) return;
    try {
      follower.savePlace(job.placeFile, place.settled);
      place.kept = place.settled;
    } catch (error) {
      tell(`${name}: keeping how much has been sent: ${messageOf(error)}`);
    }
  }

  /** Takes what is old enough as arrived. */
  function settle(untilMs: number): void {
    while (unsettled[0] && unsettled[0].atMs <= untilMs) {
      place.settled = unsettled.shift()?.next;
    }
  }

  function later(isCertain: boolean): void {
    cancelTimer ??= clock.after(isCertain ? KEEP_MS : SETTLE_MS, () => {
      cancelTimer = undefined;
      settle(clock.now().getTime() - (isCertain ? 0 : SETTLE_MS));
      keep();
      grantSoon();
      if (unsettled.length > 0) later(isCertain);
    });
  }

  /** Measured anew each time, so that nothing adds up. */
  async function grant(): Promise<void> {
    if (plan.holdBytes === undefined || !job.credit) return;
    const waiting = await follower.waitingBytes(logPath, place.settled);
    job.credit(Math.max(0, plan.holdBytes - waiting));
  }

  function grantSoon(): void {
    grant().catch((error: unknown) => tell(`${name}: ${messageOf(error)}`));
  }

  function sent({ next }: LogBatch, isCertain: boolean): void {
    if (failures > 0) tell(`${name}: the remote takes it again`);
    failures = 0;
    place.sent = next;
    const atMs = clock.now().getTime();
    unsettled.push({ next, atMs });
    settle(isCertain ? atMs : atMs - SETTLE_MS);
    later(isCertain);
  }

  /** One connection's life; false when another one is needed. Errors: whatever ended it, if something may have been lost with it. */
  async function send(signal: AbortSignal): Promise<boolean> {
    const connection = { sink: first, openedMs: clock.now().getTime(), broken: undefined as Error | undefined };
    first = undefined;
    const over = new AbortController();
    const listen = (sink: LogSink): void =>
      void sink.broken.then((error) => {
        if (connection.sink !== sink) return;
        connection.broken = error;
        over.abort(error);
      });
    const stop = (): void => over.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (connection.sink) listen(connection.sink);
      for await (const batch of follower.follow(logPath, place.sent, { stopped: job.stopped, signal: over.signal })) {
        if (batch.lost) tell(`${name}: the remote was so far behind that output was removed before it was sent`);
        if (connection.sink && plan.reconnectMs !== undefined) await renew(connection, plan.reconnectMs);
        if (!connection.sink) {
          connection.sink = await deps.sinks.open(plan.remote, { signal: over.signal });
          connection.openedMs = clock.now().getTime();
          listen(connection.sink);
        }
        await connection.sink.send(batch.records.map(toPart), { signal: over.signal });
        sent(batch, connection.sink.isCertain);
      }
      // A remote that closes an idle connection has lost nothing.
      if (connection.broken && unsettled.length > 0) throw connection.broken;
    } finally {
      signal.removeEventListener('abort', stop);
      const { sink } = connection;
      connection.sink = undefined;
      await sink?.[Symbol.asyncDispose]();
    }
    settle(Number.POSITIVE_INFINITY);
    return connection.broken === undefined;
  }

  async function renew(connection: { sink: LogSink | undefined; readonly openedMs: number }, ageMs: number) {
    if (clock.now().getTime() - connection.openedMs < ageMs) return;
    const { sink } = connection;
    connection.sink = undefined;
    await sink?.[Symbol.asyncDispose]();
    settle(Number.POSITIVE_INFINITY);
  }

  /** Goes back to what has arrived; after too many failures, on to the end. */
  async function recover(error: unknown, signal: AbortSignal): Promise<void> {
    unsettled = [];
    toPart = createPartCounter();
    place.sent = place.settled;
    failures++;
    if (failures === 1) tell(`${name}: sending to ${plan.remote.kind}: ${messageOf(error)}; it is tried again`);
    const delayMs = retryDelayMs(plan.retry, failures);
    if (delayMs === undefined) {
      const waiting = await follower.waitingBytes(logPath, place.settled);
      tell(
        `${name}: given up after ${failures - 1} retries: ${waiting} bytes of the log are not sent: ${messageOf(error)}`,
      );
      place.sent = place.settled = follower.endOf(logPath) ?? place.settled;
      await grant();
      failures = 0;
      return;
    }
    await wait(delayMs, signal);
  }

  function wait(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(ms, resolve);
    const stop = (): void => {
      cancel();
      resolve();
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    return promise.finally(() => signal.removeEventListener('abort', stop));
  }

  return {
    get isFailing() {
      return failures > 0;
    },
    async run(signal) {
      try {
        await grant();
        while (!signal.aborted) {
          try {
            if (await send(signal)) return;
          } catch (error) {
            if (signal.aborted) return;
            await recover(error, signal);
          }
        }
      } finally {
        await first?.[Symbol.asyncDispose]();
        cancelTimer?.();
        cancelTimer = undefined;
        keep();
        // Nobody looks after it from here on: it must not wait for ever.
        if (plan.holdBytes !== undefined) job.credit?.(Number.POSITIVE_INFINITY);
      }
    },
  };
}
