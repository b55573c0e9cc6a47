import { KnownError } from '../lib/errors.ts';

/** `seconds[.nanoseconds]`, RFC 3339, or a duration before now like `10m`. Empty, missing and 0 are undefined. Errors: invalid_parameter. */
export function parseTimeNanos(text: string | null, name: string, nowMs = Date.now()): bigint | undefined {
  if (!text || text === '0') return undefined;
  const [, seconds, fraction = ''] = /^(-?\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seconds !== undefined) return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  const before = parseDurationMs(text);
  if (before !== undefined) return BigInt(Math.round(nowMs - before)) * 1_000_000n;
  const date = Date.parse(text);
  if (Number.isNaN(date))
    throw new KnownError(
      'invalid_parameter',
      `invalid value for "${name}": failed to parse value as time or duration: "${text.slice(0, 50)}"`,
    );
  return BigInt(date) * 1_000_000n;
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, ns: 1e-6 };

function parseDurationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|ms|m|s|us|ns))+$/.test(text)) return undefined;
  return Array.from(text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)/g)).reduce(
    (sum, [, number, unit]) => sum + Number(number) * (UNITS_MS[unit ?? ''] ?? 0),
    0,
  );
}
