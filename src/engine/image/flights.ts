import { KnownError } from '../../lib/errors.ts';
import type { ProgressMessage, ProgressSink } from './service.ts';

/**
 * Identical pieces of work with progress share one run. Who joins late first gets the latest message of every id. The work is
 * cancelled when nobody waits for it any more.
 */
export interface Flights {
  run(
    key: string,
    work: (progress: ProgressSink, signal: AbortSignal) => Promise<void>,
    progress: ProgressSink,
    signal: AbortSignal,
  ): Promise<void>;
}

interface Flight {
  readonly sinks: Set<ProgressSink>;
  readonly latest: Map<string, ProgressMessage>;
  readonly controller: AbortController;
  readonly done: Promise<void>;
}

export function createFlights(): Flights {
  const flights = new Map<string, Flight>();
  return {
    async run(key, work, progress, signal) {
      signal.throwIfAborted();
      for (let old = flights.get(key); old?.controller.signal.aborted; old = flights.get(key))
        await old.done.catch(() => undefined);
      const flying = flights.get(key);
      for (const message of flying?.latest.values() ?? []) progress(message);
      const flight = flying ?? start(work, () => flights.delete(key));
      flights.set(key, flight);
      flight.sinks.add(progress);
      await waitFor(flight, progress, signal);
    },
  };
}

function start(work: (progress: ProgressSink, signal: AbortSignal) => Promise<void>, onEnd: () => void): Flight {
  const sinks = new Set<ProgressSink>();
  const latest = new Map<string, ProgressMessage>();
  const controller = new AbortController();
  const publish = (message: ProgressMessage): void => {
    latest.set(typeof message.id === 'string' ? message.id : `#${latest.size}`, message);
    for (const sink of sinks) sink(message);
  };
  // Begins in the next turn, so that its first message finds the one who started it listening.
  const done = Promise.resolve()
    .then(() => work(publish, controller.signal))
    .finally(onEnd);
  return { sinks, latest, controller, done };
}

async function waitFor(flight: Flight, progress: ProgressSink, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new KnownError('cancelled', 'context canceled', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([flight.done, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    flight.sinks.delete(progress);
    if (flight.sinks.size === 0) flight.controller.abort();
    aborted.catch(() => undefined);
    if (signal.aborted) await flight.done.catch(() => undefined);
  }
}
