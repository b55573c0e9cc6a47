import { invalid } from '../../lib/invalid.ts';

const NANO_DIGITS = 9;
const MOST_DIGITS = 40;

/** Billionths of a CPU in `1.5`, `.25`, `2e0`, `1/2`. Errors: invalid_parameter for no number, and for what is finer than that. */
export function parseCpus(text: string): number {
  const bad = invalid(`failed to parse ${text} as a rational number`);
  const [, over, under] = /^([+-]?\d+)\/(\d+)$/.exec(text) ?? [];
  const [, sign, whole = '', part = '', power = '0'] = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  let nanos: bigint;
  let divisor = 1n;
  if (over !== undefined && under !== undefined && text.length < MOST_DIGITS) {
    nanos = BigInt(over) * 10n ** BigInt(NANO_DIGITS);
    divisor = BigInt(under);
    if (divisor === 0n) throw bad;
  } else {
    const shift = NANO_DIGITS + Number(power) - part.length;
    if (whole + part === '' || text.length > MOST_DIGITS || Math.abs(shift) > MOST_DIGITS) throw bad;
    nanos = BigInt(whole + part) * 10n ** BigInt(Math.max(shift, 0));
    divisor = 10n ** BigInt(Math.max(-shift, 0));
    if (sign === '-') nanos = -nanos;
  }
  if (nanos % divisor !== 0n) throw invalid('value is too precise');
  return Number(nanos / divisor);
}
