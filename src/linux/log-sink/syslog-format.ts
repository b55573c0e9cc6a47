import type { OutgoingRecord, SyslogFormat, SyslogRemote } from './log-sink.ts';

const SEVERITY_ERROR = 3;
const SEVERITY_INFO = 6;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The machine and the process that send. */
export interface SyslogSender {
  readonly hostname: string;
  readonly pid: number;
  /** Minutes that the local time is ahead of UTC at a moment (seconds since the epoch). */
  readonly offsetMinutes: (seconds: number) => number;
}

/**
 * One message as Docker's syslog driver makes it (RFC 3164, 4.1; RFC 5424, 6), with a line feed at the end; with `counted`, the length and
 * a blank in front (RFC 5425, 4.3).
 */
export function formatSyslog(
  { facility, format, origin }: Pick<SyslogRemote, 'facility' | 'format' | 'origin'>,
  record: OutgoingRecord,
  sender: SyslogSender,
  counted: boolean,
): string {
  const priority = facility * 8 + (record.stream === 'stderr' ? SEVERITY_ERROR : SEVERITY_INFO);
  const text = record.text.endsWith('\n') ? record.text : `${record.text}\n`;
  const message = `<${priority}>${headOf(format, origin.tag, record, sender)}${text}`;
  return counted ? `${Buffer.byteLength(message)} ${message}` : message;
}

function headOf(format: SyslogFormat, tag: string, { time }: OutgoingRecord, sender: SyslogSender): string {
  const { hostname, pid } = sender;
  const stamp = (): string => localStamp(time.seconds, sender);
  switch (format) {
    case 'local':
      return `${stamp()} ${tag}[${pid}]: `;
    case 'rfc3164':
      return `${stamp()} ${hostname} ${tag}[${pid}]: `;
    case 'rfc5424':
      return `1 ${localTime(time.seconds, '', sender)} ${hostname} ${tag} ${pid} ${tag} - `;
    case 'rfc5424micro': {
      const micros = `.${String(Math.trunc(time.nanos / 1000)).padStart(6, '0')}`;
      return `1 ${localTime(time.seconds, micros, sender)} ${hostname} ${tag} ${pid} ${tag} - `;
    }
  }
}

/** `Jan  2 15:04:05`. */
function localStamp(seconds: number, { offsetMinutes }: SyslogSender): string {
  const at = new Date((seconds + offsetMinutes(seconds) * 60) * 1000);
  const day = String(at.getUTCDate()).padStart(2);
  return `${MONTHS[at.getUTCMonth()]} ${day} ${at.toISOString().slice(11, 19)}`;
}

/** `2006-01-02T15:04:05+01:00`. */
function localTime(seconds: number, fraction: string, { offsetMinutes }: SyslogSender): string {
  const offset = offsetMinutes(seconds);
  const text = new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19);
  if (offset === 0) return `${text}${fraction}Z`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(offset);
  return `${text}${fraction}${offset < 0 ? '-' : '+'}${two(Math.trunc(size / 60))}:${two(size % 60)}`;
}
