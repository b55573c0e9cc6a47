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

/** The zone's abbreviation; where there is none its offset stands for it, as in Go. */
function zoneName(date: Date, offset: string): string {
  const zone = process.env.TZ ?? '';
  if (offset === '+0000' && (zone === '' || zone === 'UTC')) return 'UTC';
  for (const locale of ['en-US', 'en-GB']) {
    const parts = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' }).formatToParts(date);
    const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]{2,5}$/.test(name)) return name;
  }
  return offset;
}
