/** Texts as Go's fmt makes them: history entries are written so. */
import { formatDuration } from '../instruction/duration.ts';
import type { Healthcheck } from '../instruction/instruction.ts';

const SHORT: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};

/** `%q` of a string. */
export function goQuote(text: string): string {
  return `"${Array.from(text, quotePoint).join('')}"`;
}

function quotePoint(point: string): string {
  const short = SHORT[point];
  if (short !== undefined) return short;
  if (/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(point)) return point;
  const code = point.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** `%q` of a list: `["a" "b"]`. */
export function goQuoteList(words: readonly string[]): string {
  return `[${words.map(goQuote).join(' ')}]`;
}

/** `%v` of a list: `[a b]`. */
export function goList(words: readonly string[]): string {
  return `[${words.join(' ')}]`;
}

/** `%+v` of a health check. */
export function goHealthcheck(check: Healthcheck): string {
  const { Test, Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0, Retries = 0 } = check;
  const durations = { Interval, Timeout, StartPeriod, StartInterval };
  const fields = Object.entries(durations).map(([name, nanos]) => `${name}:${formatDuration(nanos)}`);
  return `{Test:${goList(Test)} ${fields.join(' ')} Retries:${Retries}}`;
}
