/** How often and after how long a remote that has failed is tried again. */
export interface RetryRules {
  /** The first wait; each further one is twice as long, up to 10 s. Default: 100 ms. */
  readonly delayMs?: number;
  /** Tries in a row after a failure; then what waits is given up. Default: no end. */
  readonly maxRetries?: number;
}

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/** Wait before try number `failures` (from 1); undefined: there is no more. */
export function retryDelayMs({ delayMs = FIRST_MS, maxRetries }: RetryRules, failures: number): number | undefined {
  if (maxRetries !== undefined && failures > maxRetries) return undefined;
  const longest = Math.max(delayMs, LONGEST_MS);
  return Math.min(longest, delayMs * 2 ** Math.min(failures - 1, 30));
}
