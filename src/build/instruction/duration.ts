import { KnownError } from '../../lib/errors.ts';

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const FORM = /^[-+]?(?:\d+(?:\.\d*)?(?:ns|us|µs|μs|ms|s|m|h)|\.\d+(?:ns|us|µs|μs|ms|s|m|h))+$/;

/** A duration as Go writes it (`1m30s`, `500ms`, `0`) in nanoseconds. Errors: invalid_parameter. */
export function parseDurationNanos(text: string): number {
  if (text === '0' || text === '+0' || text === '-0') return 0;
  if (!FORM.test(text)) throw new KnownError('invalid_parameter', reason(text));
  const parts = text.matchAll(/(\d*\.?\d*)(ns|us|µs|μs|ms|s|m|h)/g);
  const nanos = Array.from(parts, ([, value, unit]) => Number(value) * (UNITS[unit ?? ''] ?? 0));
  return Math.round(nanos.reduce((sum, part) => sum + part, 0)) * (text.startsWith('-') ? -1 : 1);
}

function reason(text: string): string {
  const quoted = JSON.stringify(text);
  if (/^[-+]?\d+(?:\.\d*)?$/.test(text)) return `time: missing unit in duration ${quoted}`;
  const unit = /^[-+]?(?:[\d.]+(?:ns|us|µs|μs|ms|s|m|h))*[\d.]+([^\d.]+)/.exec(text)?.[1];
  if (unit !== undefined && /^[-+]?\d/.test(text))
    return `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
  return `time: invalid duration ${quoted}`;
}

/** As Go prints a duration: `1m30s`, `500ms`, `0s`. */
export function formatDuration(nanos: number): string {
  if (nanos === 0) return '0s';
  if (nanos < 0) return `-${formatDuration(-nanos)}`;
  if (nanos < 1e9) {
    const [unit, size] = nanos < 1e3 ? ['ns', 1] : nanos < 1e6 ? ['µs', 1e3] : ['ms', 1e6];
    return `${Number(size) === 1 ? nanos : nanos / Number(size)}${unit}`;
  }
  const hours = Math.floor(nanos / 3600e9);
  const minutes = Math.floor((nanos % 3600e9) / 60e9);
  const seconds = `${(nanos % 60e9) / 1e9}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
