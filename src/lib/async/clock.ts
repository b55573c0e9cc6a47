/** Time as rules see it, so that tests need not wait. */
export interface Clock {
  now(): Date;
  /** Calls `work` once after `delayMs`, however long that is. Returns what cancels it. Keeps no process alive. */
  after(delayMs: number, work: () => void): () => void;
}

/** What setTimeout can take. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => new Date(),
  after(delayMs, work) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, LONGEST_TIMEOUT_MS);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : work()), stepMs);
      timer.unref();
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};
