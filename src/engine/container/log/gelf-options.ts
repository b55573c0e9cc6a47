import { invalid } from '../../../lib/invalid.ts';
import type { GelfRemote, LogOrigin } from '../../../linux/log-sink/log-sink.ts';
import { ATTRIBUTE_OPTIONS, type LogOptions } from './log-attributes.ts';
import { parseAddress, parseWhole, refuseUnknown } from './option-values.ts';
import type { RetryRules } from './retry.ts';

const OPTIONS = [
  ...ATTRIBUTE_OPTIONS,
  'gelf-address',
  'gelf-compression-level',
  'gelf-compression-type',
  'gelf-tcp-max-reconnect',
  'gelf-tcp-reconnect-delay',
];
/** zlib's; 1 is the fastest. */
const DEFAULT_LEVEL = 1;

/** Driver gelf. Errors: invalid_parameter in Docker's words. */
export function toGelf(options: LogOptions, origin: LogOrigin): GelfRemote {
  refuseUnknown(options, OPTIONS, (option) => `unknown log opt ${JSON.stringify(option)} for gelf log driver`);
  const address = toAddress(options['gelf-address'] ?? '');
  for (const option of ['gelf-compression-level', 'gelf-compression-type'])
    if (address.kind === 'tcp' && options[option] !== undefined) throw invalid('compression is only supported on UDP');
  for (const option of ['gelf-tcp-max-reconnect', 'gelf-tcp-reconnect-delay'])
    if (address.kind === 'udp' && options[option] !== undefined)
      throw invalid(`${JSON.stringify(option)} option is only supported on TCP`);
  return {
    kind: 'gelf',
    origin,
    address,
    compression: toCompression(options['gelf-compression-type']),
    compressionLevel: toLevel(options['gelf-compression-level']),
  };
}

/** Errors: invalid_parameter. */
export function toGelfRetries(options: LogOptions): RetryRules {
  const most = options['gelf-tcp-max-reconnect'];
  const seconds = options['gelf-tcp-reconnect-delay'];
  return {
    ...(most !== undefined && { maxRetries: positive('gelf-tcp-max-reconnect', most) }),
    ...(seconds !== undefined && { delayMs: positive('gelf-tcp-reconnect-delay', seconds) * 1000 }),
  };
}

function positive(option: string, text: string): number {
  const value = parseWhole(text);
  if (value === undefined || value < 0) throw invalid(`${option} must be a positive integer`);
  return value;
}

function toAddress(text: string): GelfRemote['address'] {
  if (text === '') throw invalid('gelf-address is a required parameter');
  const address = parseAddress(text);
  if (!address) throw invalid(`gelf-address should be in form proto://address, got ${text}`);
  const { scheme, host, port } = address;
  if (scheme !== 'udp' && scheme !== 'tcp') throw invalid('gelf: endpoint needs to be TCP or UDP');
  if (port === undefined) throw invalid('gelf: please provide gelf-address as proto://host:port');
  return { kind: scheme, host: host || '127.0.0.1', port };
}

function toCompression(text: string | undefined): GelfRemote['compression'] {
  if (text === undefined) return 'gzip';
  if (text === 'gzip' || text === 'zlib' || text === 'none') return text;
  throw unknownValue('gelf-compression-type', text);
}

function toLevel(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LEVEL;
  const level = parseWhole(text);
  if (level === undefined || level < -1 || level > 9) throw unknownValue('gelf-compression-level', text);
  return level;
}

const unknownValue = (option: string, value: string) =>
  invalid(`unknown value ${JSON.stringify(value)} for log opt ${JSON.stringify(option)} for gelf log driver`);
