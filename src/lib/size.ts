import { invalid } from './invalid.ts';

const POWERS = 'kmgtp';

/**
 * Bytes of `64m`, `1.5g`, `10KiB`, `100`; units are powers of 1024 (docker/go-units RAMInBytes). Errors: invalid_parameter.
 */
export function parseSize(text: string): number {
  const [, number, blank = '', suffix = ''] = /^(.*[\d.])( ?)([^\d. ]*)$/s.exec(text) ?? [];
  if (number === undefined) throw invalid(`invalid size: '${text}'`);
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(number) || (blank !== '' && suffix === '')) {
    throw invalid(`strconv.ParseFloat: parsing ${JSON.stringify(number)}: invalid syntax`);
  }
  const size = Number(number);
  if (size < 0) throw invalid(`invalid size: '${text}'`);
  return Math.trunc(size * multiplier(suffix.toLowerCase()));
}

function multiplier(suffix: string): number {
  if (suffix === '' || suffix === 'b') return 1;
  const power = POWERS.indexOf(suffix.charAt(0));
  if (power === -1 || !['', 'b', 'ib'].includes(suffix.slice(1))) throw invalid(`invalid suffix: '${suffix}'`);
  return 1024 ** (power + 1);
}

/** `parseSize`, with -1 for no limit. */
export function parseSwap(text: string): number {
  return text === '-1' ? -1 : parseSize(text);
}
