import { KnownError } from '../errors.ts';

/** Go's strconv.ParseBool. Errors: invalid_parameter with its text. */
export function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false;
  throw syntax('ParseBool', text);
}

/** Go's strconv.ParseInt with base 0 (`12`, `-3`, `0x1f`, `010`). Errors: invalid_parameter with its text, also beyond what a double holds exactly. */
export function parseInt64(text: string): number {
  const [, sign, digits = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const octal = /^0[0-7]+$/.test(digits);
  if (!octal && !/^(?:0|[1-9]\d*|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+)$/.test(digits))
    throw syntax('ParseInt', text);
  const size = octal ? Number.parseInt(digits, 8) : Number(digits);
  if (!Number.isSafeInteger(size)) {
    throw new KnownError('invalid_parameter', `strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return sign === '-' ? 0 - size : size;
}

/** A whole decimal number. Errors as `parseInt64`. */
export function parseDecimal(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw syntax('ParseInt', text);
  return parseInt64(text.replace(/^([+-]?)0+(?=\d)/, '$1'));
}

/** A whole number from 0 to `most` (Go's strconv.ParseUint). Errors: invalid_parameter with its text. */
export function parseUint(text: string, most: number = Number.MAX_SAFE_INTEGER): number {
  if (!/^\d+$/.test(text)) throw syntax('ParseUint', text);
  const size = Number(text);
  if (size <= most) return size;
  throw new KnownError('invalid_parameter', `strconv.ParseUint: parsing ${JSON.stringify(text)}: value out of range`);
}

function syntax(name: string, text: string): KnownError {
  return new KnownError('invalid_parameter', `strconv.${name}: parsing ${JSON.stringify(text)}: invalid syntax`);
}
