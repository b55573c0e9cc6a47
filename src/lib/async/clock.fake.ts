import type { Clock } from './clock.ts';

/** A clock that stands still until it is told to go on. */
export function createFakeClock(startMs: number = Date.now()): Clock & {
  /** Lets time pass; what becomes due is called in its order, each at its time. */
  advance(ms: number): void;
  /** Delays that are waited for, shortest first. */
  pendingMs(): readonly number[];
} {
  let nowMs = startMs;
  const due = new Set<{ readonly atMs: number; readonly work: () => void }>();
  const sorted = () => [...due].sort((a, b) => a.atMs - b.atMs);
  return {
    now: () => new Date(nowMs),
    after(delayMs, work) {
      const entry = { atMs: nowMs + delayMs, work };
      due.add(entry);
      return () => void due.delete(entry);
    },
    advance(ms) {
      const endMs = nowMs + ms;
      for (let next = sorted()[0]; next && next.atMs <= endMs; next = sorted()[0]) {
        due.delete(next);
        nowMs = next.atMs;
        next.work();
      }
      nowMs = endMs;
    },
    pendingMs: () => sorted().map(({ atMs }) => atMs - nowMs),
  };
}
