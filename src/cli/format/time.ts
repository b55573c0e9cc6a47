import { readFileSync } from 'node:fs';

/** The local time as Go's time.String: `2026-11-24 01:58:39 +0000 UTC`. `seconds` since 1970. */
export function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const offset = zoneOffset(date);
  return `${localDate(date).replace('T', ' ')} ${offset} ${zoneName(date, offset)}`;
}

/** RFC 3339 in local time, seconds only: `2026-11-24T01:58:39Z`. */
export function formatRfc3339(seconds: number): string {
  const date = new Date(seconds * 1000);
  const offset = zoneOffset(date);
  return localDate(date) + (offset === '+0000' ? 'Z' : `${offset.slice(0, 3)}:${offset.slice(3)}`);
}

/** RFC 3339 in local time with nine digits of nanoseconds, as `docker events` prints. */
export function formatNanos(nanos: bigint): string {
  const whole = formatRfc3339(Number(nanos / 1_000_000_000n));
  const part = String(nanos % 1_000_000_000n).padStart(9, '0');
  return whole.replace(/^.{19}/, (date) => `${date}.${part}`);
}

function localDate(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

function zoneOffset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}${two(size % 60)}`;
}

/** The zone's abbreviation in the machine's time zone files; where there is none its offset stands for it, as in Go. */
function zoneName(date: Date, offset: string): string {
  const rule = /^(<[^>]+>|[A-Za-z]+)([-+]?\d+)(?::(\d+))?[:\d]*(<[^>]+>|[A-Za-z]+)?/.exec(zoneRule());
  if (rule === null) return offset === '+0000' ? 'UTC' : offset;
  const [, standard = '', hours = '0', minutes = '0', summer] = rule;
  const west = Math.abs(Number(hours)) * 60 + Number(minutes);
  const isStandard = date.getTimezoneOffset() === (hours.startsWith('-') ? -west : west);
  return (isStandard ? standard : (summer ?? offset)).replace(/[<>]/g, '');
}

/** The POSIX rule at the end of a time zone file: `CET-1CEST,M3.5.0,M10.5.0/3` (RFC 8536); empty without one. */
function zoneRule(): string {
  const zone = process.env.TZ?.replace(/^:/, '');
  if (zone === '' || zone === 'UTC') return 'UTC0';
  const path = zone === undefined ? '/etc/localtime' : `/usr/share/zoneinfo/${zone}`;
  try {
    return (
      readFileSync(zone?.startsWith('/') ? zone : path, 'latin1')
        .split('\n')
        .at(-2) ?? ''
    );
  } catch {
    return '';
  }
}
