/** What a refusal for too many requests (429) says of when to come again. */
export interface RateLimit {
  /** Milliseconds until the registry wants to be asked again; undefined when it does not say. */
  readonly waitMs: number | undefined;
  /** For the error: ` (100 requests in 6h0m0s, resets in 41m0s at 2026-01-02T03:04:05Z)`; empty when the registry tells nothing. */
  readonly note: string;
}

/** A wait so short that it is waited for. */
const SHORT_MS = 30_000;
/** Larger numbers are moments, not seconds from now. */
const UNIX_TIME = 1_000_000_000;

/**
 * Reads `Retry-After` (RFC 9110 section 10.2.3), `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers
 * before 08, with Docker Hub's window `100;w=21600`). Dates are compared with the answer's own.
 */
export function parseRateLimit(headers: Headers, nowMs: number): RateLimit {
  const ownMs = Date.parse(headers.get('date') ?? '');
  const since = Number.isNaN(ownMs) ? nowMs : ownMs;
  const retryMs = delayMs(headers.get('retry-after'), since);
  const resetMs = delayMs(headers.get('ratelimit-reset'), since);
  const waitMs = retryMs ?? resetMs;
  const parts = [
    limitText(headers.get('ratelimit-limit')),
    remainingText(headers),
    resetText(resetMs ?? retryMs, nowMs),
  ];
  const said = parts.filter((part) => part !== undefined);
  return { waitMs, note: said.length > 0 ? ` (${said.join(', ')})` : '' };
}

/** What to wait before asking again; undefined: too long, or nobody knows how long. */
export function shortWaitMs(waitMs: number | undefined): number | undefined {
  return waitMs !== undefined && waitMs <= SHORT_MS ? waitMs : undefined;
}

function delayMs(text: string | null, sinceMs: number): number | undefined {
  if (text === null) return undefined;
  const number = /^\d{1,12}(?=$|;)/.exec(text.trim())?.[0];
  if (number === undefined) {
    const date = Date.parse(text);
    return Number.isNaN(date) ? undefined : Math.max(0, date - sinceMs);
  }
  const seconds = Number(number);
  return seconds < UNIX_TIME ? seconds * 1000 : Math.max(0, seconds * 1000 - sinceMs);
}

function limitText(text: string | null): string | undefined {
  const [, count, window] = /^(\d{1,12})(?:[^;]*;w=(\d{1,12}))?/.exec(text ?? '') ?? [];
  if (count === undefined) return undefined;
  return window === undefined ? `${count} requests` : `${count} requests in ${duration(Number(window))}`;
}

function remainingText(headers: Headers): string | undefined {
  const [, count] = /^(\d{1,12})/.exec(headers.get('ratelimit-remaining') ?? '') ?? [];
  return count === undefined ? undefined : `${count} left`;
}

function resetText(delay: number | undefined, nowMs: number): string | undefined {
  if (delay === undefined) return undefined;
  const seconds = Math.ceil(delay / 1000);
  const at = new Date(nowMs + seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  return `resets in ${duration(seconds)} at ${at}`;
}

/** `6h0m0s`, `41m0s`, `5s`. */
function duration(total: number): string {
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
