import { quote } from './quote.ts';
import { sortedKeys, typeName, type Value } from './value.ts';

/** `%v`. */
export function formatValue(value: Value): string {
  if (value === undefined) return '<nil>';
  if (typeof value === 'number') return formatFloat(value);
  if (typeof value !== 'object') return String(value);
  switch (value.kind) {
    case 'nil':
      return '<nil>';
    case 'json-number':
      return value.text;
    case 'list':
      return `[${value.items.map(formatValue).join(' ')}]`;
    case 'dictionary':
      return `map[${sortedKeys(value.entries)
        .map((key) => `${key}:${formatValue(value.entries.get(key))}`)
        .join(' ')}]`;
    case 'struct':
      return value.text?.() ?? `{${value.values().map(formatValue).join(' ')}}`;
  }
}

/** The shortest text that reads back as the same float (%v); with an exponent below -4 and from 6. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e6)) return Object.is(value, -0) ? '-0' : String(value);
  return exponent(value.toExponential());
}

/** fmt.Sprint: spaces between operands when neither is a text. */
export function sprint(values: readonly Value[]): string {
  let text = '';
  for (const [index, value] of values.entries()) {
    const before = values[index - 1];
    if (index > 0 && typeof value !== 'string' && typeof before !== 'string') text += ' ';
    text += formatValue(value);
  }
  return text;
}

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(.|$)/gsu;

interface Spec {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly verb: string;
}

/** fmt.Sprintf, without argument indexes (`%[1]d`). */
export function sprintf(format: string, values: readonly Value[]): string {
  let used = 0;
  const star = (): number => {
    const value = values[used];
    used += 1;
    return typeof value === 'bigint' ? Number(value) : 0;
  };
  const text = format.replace(VERB, (_all, flags: string, width?: string, precision?: string, verb = '') => {
    const given = width === '*' ? star() : width === undefined ? undefined : Number(width);
    const digits = precision === '*' ? star() : precision === undefined ? undefined : Number(precision);
    const minus = given !== undefined && given < 0 ? '-' : '';
    const spec = { flags: flags + minus, width: given && Math.abs(given), precision: digits, verb: String(verb) };
    if (verb === '%') return '%';
    if (verb === '') return '%!(NOVERB)';
    if (used >= values.length) return `%!${verb}(MISSING)`;
    used += 1;
    return pad(formatVerb(spec, values[used - 1]), spec);
  });
  const extra = values
    .slice(used)
    .map((value) => (value === undefined ? '<nil>' : `${typeName(value)}=${formatValue(value)}`));
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

function pad(text: string, spec: Spec): string {
  const missing = (spec.width ?? 0) - Array.from(text).length;
  if (missing <= 0) return text;
  if (spec.flags.includes('-')) return text + ' '.repeat(missing);
  const zeros = spec.flags.includes('0') && !text.startsWith('%!');
  if (!zeros) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function formatVerb(spec: Spec, value: Value): string {
  if (spec.verb === 'T') return typeName(value);
  if (value === undefined || (typeof value === 'object' && value.kind === 'nil')) {
    return spec.verb === 'v' ? '<nil>' : `%!${spec.verb}(<nil>)`;
  }
  switch (typeof value) {
    case 'boolean':
      return spec.verb === 'v' || spec.verb === 't' ? String(value) : bad(spec, value);
    case 'bigint':
      return formatInteger(spec, value);
    case 'number':
      return formatNumber(spec, value);
    case 'string':
      return formatText(spec, value);
    default:
      return formatComposite(spec, value);
  }
}

function formatComposite(spec: Spec, value: Exclude<Value, undefined | boolean | bigint | number | string>): string {
  if (value.kind === 'json-number') return formatText(spec, value.text);
  const part = (item: Value): string => pad(formatVerb(spec, item), spec);
  if (spec.verb === 'v') return formatValue(value);
  switch (value.kind) {
    case 'list':
      return `[${value.items.map(part).join(' ')}]`;
    case 'dictionary':
      return `map[${sortedKeys(value.entries)
        .map((key) => `${part(key)}:${part(value.entries.get(key))}`)
        .join(' ')}]`;
    case 'struct':
      return value.text?.() ?? `{${value.values().map(part).join(' ')}}`;
    case 'nil':
      return '<nil>';
  }
}

const BASES: Readonly<Record<string, readonly [number, string]>> = {
  d: [10, ''],
  v: [10, ''],
  b: [2, '0b'],
  o: [8, '0'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function formatInteger(spec: Spec, value: bigint): string {
  if (spec.verb === 'c') return String.fromCodePoint(Number(value));
  if (spec.verb === 'q') return `'${String.fromCodePoint(Number(value))}'`;
  if (spec.verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
  const base = BASES[spec.verb];
  if (base === undefined) return bad(spec, value);
  const size = (value < 0n ? -value : value).toString(base[0]).padStart(spec.precision ?? 0, '0');
  const digits = spec.verb === 'X' ? size.toUpperCase() : size;
  return sign(spec, value < 0n) + (spec.flags.includes('#') ? base[1] : '') + digits;
}

function formatNumber(spec: Spec, value: number): string {
  const size = Math.abs(value);
  const front = sign(spec, value < 0);
  switch (spec.verb) {
    case 'v':
    case 'g':
      return front + (spec.precision === undefined ? formatFloat(size) : general(size, spec.precision));
    case 'f':
    case 'F':
      return front + size.toFixed(spec.precision ?? 6);
    case 'e':
      return front + exponent(size.toExponential(spec.precision ?? 6));
    default:
      return bad(spec, value);
  }
}

function general(size: number, precision: number): string {
  const digits = Math.max(precision, 1);
  const power = size === 0 ? 0 : Math.floor(Math.log10(size));
  if (power < -4 || power >= digits) return exponent(String(Number(size.toExponential(digits - 1)).toExponential()));
  return String(Number(size.toPrecision(digits)));
}

function formatText(spec: Spec, value: string): string {
  const text = spec.precision === undefined ? value : Array.from(value).slice(0, spec.precision).join('');
  switch (spec.verb) {
    case 's':
    case 'v':
      return text;
    case 'q':
      return spec.flags.includes('#') && !text.includes('`') ? `\`${text}\`` : quote(text);
    case 'x':
      return Buffer.from(text).toString('hex');
    case 'X':
      return Buffer.from(text).toString('hex').toUpperCase();
    default:
      return bad(spec, value);
  }
}

function bad(spec: Spec, value: Value): string {
  return `%!${spec.verb}(${typeName(value)}=${formatValue(value)})`;
}

function sign(spec: Spec, negative: boolean): string {
  if (negative) return '-';
  if (spec.flags.includes('+')) return '+';
  return spec.flags.includes(' ') ? ' ' : '';
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}
