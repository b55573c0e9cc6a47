import { invalid } from '../../../lib/invalid.ts';
import type { LogOrigin, SyslogFormat, SyslogRemote, TlsOptions } from '../../../linux/log-sink/log-sink.ts';
import { ATTRIBUTE_OPTIONS, type LogOptions } from './log-attributes.ts';
import { parseAddress, parseWhole, refuseUnknown } from './option-values.ts';

const OPTIONS = [
  ...ATTRIBUTE_OPTIONS,
  'syslog-address',
  'syslog-facility',
  'syslog-tls-ca-cert',
  'syslog-tls-cert',
  'syslog-tls-key',
  'syslog-tls-skip-verify',
  'syslog-format',
];

/** RFC 5424, 6.2.1, by number; what has no name here cannot be named in Docker either. */
const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  undefined,
  undefined,
  undefined,
  undefined,
  'local0',
  'local1',
  'local2',
  'local3',
  'local4',
  'local5',
  'local6',
  'local7',
];
const FACILITY_DAEMON = 3;
const DEFAULT_PORT = 514;

/** Driver syslog. Errors: invalid_parameter in Docker's words. */
export function toSyslog(options: LogOptions, origin: LogOrigin): SyslogRemote {
  refuseUnknown(options, OPTIONS, (option) => `unknown log opt '${option}' for syslog log driver`);
  return {
    kind: 'syslog',
    origin,
    address: toAddress(options['syslog-address'] ?? ''),
    facility: toFacility(options['syslog-facility'] ?? ''),
    format: toFormat(options['syslog-format'] ?? ''),
    tls: toTls(options),
  };
}

function toAddress(text: string): SyslogRemote['address'] {
  if (text === '') return { kind: 'local' };
  const address = parseAddress(text);
  if (!address) throw invalid(`syslog-address should be in form proto://address, got ${text}`);
  const { scheme, host, path, port = DEFAULT_PORT } = address;
  switch (scheme) {
    case 'unix':
    case 'unixgram':
      return { kind: scheme, path };
    case 'tcp':
    case 'udp':
      return { kind: scheme, host: host || '127.0.0.1', port };
    case 'tcp+tls':
      return { kind: 'tls', host: host || '127.0.0.1', port };
    default:
      throw invalid(`unsupported scheme: '${scheme}'`);
  }
}

function toFacility(text: string): number {
  if (text === '') return FACILITY_DAEMON;
  const named = FACILITIES.indexOf(text);
  const number = named === -1 ? parseWhole(text) : named;
  if (number === undefined || number < 0 || number > 23) throw invalid('invalid syslog facility');
  return number;
}

function toFormat(text: string): SyslogFormat {
  if (text === '') return 'local';
  if (text === 'rfc3164' || text === 'rfc5424' || text === 'rfc5424micro') return text;
  throw invalid('invalid syslog format');
}

/** As in Docker the option's presence counts, not its value. */
function toTls(options: LogOptions): TlsOptions {
  return {
    caCert: options['syslog-tls-ca-cert'] ?? '',
    cert: options['syslog-tls-cert'] ?? '',
    key: options['syslog-tls-key'] ?? '',
    skipVerify: options['syslog-tls-skip-verify'] !== undefined,
  };
}
