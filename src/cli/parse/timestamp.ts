import { invalid } from '../../lib/invalid.ts';
import { parseDuration } from './duration.ts';

const MILLIS_PER_SECOND = 1000;
const NANOS_PER_MILLI = 1e6;

/**
 * A moment as the API takes it: seconds, or seconds with nanoseconds. Takes Unix seconds, a duration before `nowMs`, and dates from
 * `2013-01-02` to `2013-01-02T13:23:37.123456789Z`, local without a zone. Empty stays empty. Errors: invalid_parameter.
 */
export function parseTimestamp(option: string, text: string, nowMs: number): string {
  if (text === '' || /^\d+(?:\.\d{1,9})?$/.test(text)) return text;
  const date = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(
    text,
  );
  if (date !== null) {
    const [, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = date;
    const millis = Date.parse(`${day}T${hour}:${minute}:${second}${zone}`);
    if (!Number.isNaN(millis)) return `${millis / MILLIS_PER_SECOND}.${fraction.padEnd(9, '0')}`;
  }
  return `${Math.floor((nowMs - agoMillis(option, text)) / MILLIS_PER_SECOND)}`;
}

function agoMillis(option: string, text: string): number {
  try {
    return parseDuration(text) / NANOS_PER_MILLI;
  } catch {
    throw invalid(
      `invalid value for ${JSON.stringify(option)}: failed to parse value as time or duration: ${JSON.stringify(text)}`,
    );
  }
}
