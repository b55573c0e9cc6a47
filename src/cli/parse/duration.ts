import { invalid } from '../../lib/invalid.ts';

const UNIT_NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of `1h30m`, `100ms`, `-1.5s`, `0` (Go's time.ParseDuration). Errors: invalid_parameter with Go's texts. */
export function parseDuration(text: string): number {
  const quoted = JSON.stringify(text);
  const [, sign, body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === '0') return 0;
  if (body === '') throw invalid(`time: invalid duration ${quoted}`);
  let nanos = 0;
  for (let rest = body; rest !== ''; ) {
    const [whole, number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest) ?? [];
    if (whole === undefined) throw invalid(`time: invalid duration ${quoted}`);
    if (unit === '') throw invalid(`time: missing unit in duration ${quoted}`);
    const size = UNIT_NANOS[unit];
    if (size === undefined) throw invalid(`time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`);
    nanos += Math.trunc(Number(number) * size);
    rest = rest.slice(whole.length);
  }
  return sign === '-' ? 0 - nanos : nanos;
}
