import { parseDurationNanos } from '../../../build/instruction/duration.ts';
import { messageOf } from '../../../lib/errors.ts';
import { invalid } from '../../../lib/invalid.ts';
import { parseSize } from '../../../lib/size.ts';
import type { FluentdRemote, LogOrigin } from '../../../linux/log-sink/log-sink.ts';
import { ATTRIBUTE_OPTIONS, type LogOptions } from './log-attributes.ts';
import { parseAddress, parseBool, parseWhole, refuseUnknown } from './option-values.ts';
import type { RetryRules } from './retry.ts';

const OPTIONS = [
  ...ATTRIBUTE_OPTIONS,
  'fluentd-address',
  'fluentd-async',
  'fluentd-async-reconnect-interval',
  'fluentd-buffer-limit',
  'fluentd-max-retries',
  'fluentd-request-ack',
  'fluentd-retry-wait',
  'fluentd-sub-second-precision',
  'fluentd-write-timeout',
];
const DEFAULT_ADDRESS = { kind: 'tcp', host: '127.0.0.1', port: 24_224 } as const;
/** Records in a message unless fluentd-buffer-limit says less. */
const RECORDS_PER_MESSAGE = 1000;

/** Driver fluentd. Errors: invalid_parameter in Docker's words. */
export function toFluentd(options: LogOptions, origin: LogOrigin): FluentdRemote {
  refuseUnknown(options, OPTIONS, (option) => `unknown log opt '${option}' for fluentd log driver`);
  toFluentdRetries(options);
  isFluentdAsync(options);
  const writeTimeoutMs = timeout(options['fluentd-write-timeout']);
  return {
    kind: 'fluentd',
    origin,
    address: toAddress(options['fluentd-address'] ?? ''),
    subSecond: parseBool(options['fluentd-sub-second-precision'] || undefined),
    requestAck: parseBool(options['fluentd-request-ack'] || undefined),
    recordsPerMessage: recordsPerMessage(options['fluentd-buffer-limit'] ?? ''),
    ...(writeTimeoutMs !== undefined && { writeTimeoutMs }),
  };
}

/** True: the container starts whether or not the remote can be reached. Errors: invalid_parameter. */
export function isFluentdAsync(options: LogOptions): boolean {
  return parseBool(options['fluentd-async'] || undefined);
}

/** Errors: invalid_parameter. */
export function toFluentdRetries(options: LogOptions): RetryRules {
  const wait = options['fluentd-retry-wait'];
  const most = options['fluentd-max-retries'];
  const retries = most ? parseWhole(most) : undefined;
  if (most && (retries === undefined || retries < 0))
    throw invalid(`strconv.ParseUint: parsing ${JSON.stringify(most)}: invalid syntax`);
  reconnectInterval(options['fluentd-async-reconnect-interval']);
  return {
    ...(wait && { delayMs: Math.max(1, parseDurationNanos(wait) / 1e6) }),
    ...(retries !== undefined && { maxRetries: retries }),
  };
}

/** How often an asynchronous connection is made anew, in milliseconds; undefined: never. Errors: invalid_parameter. */
export function reconnectInterval(text: string | undefined): number | undefined {
  if (!text) return undefined;
  let ms: number;
  try {
    ms = parseDurationNanos(text) / 1e6;
  } catch (error) {
    throw invalid(`invalid value for fluentd-async-reconnect-interval: ${messageOf(error)}`);
  }
  if (ms !== 0 && (ms < 100 || ms > 10_000))
    throw invalid(`invalid value for fluentd-async-reconnect-interval: value (${text}) must be between 100ms and 10s`);
  return ms || undefined;
}

function timeout(text: string | undefined): number | undefined {
  if (!text) return undefined;
  let ms: number;
  try {
    ms = parseDurationNanos(text) / 1e6;
  } catch (error) {
    throw invalid(`invalid value for fluentd-write-timeout: ${messageOf(error)}`);
  }
  if (ms < 0) throw invalid('invalid value for fluentd-write-timeout: must be a positive duration');
  return ms || undefined;
}

function recordsPerMessage(text: string): number {
  if (text === '') return RECORDS_PER_MESSAGE;
  return Math.min(RECORDS_PER_MESSAGE, Math.max(1, parseSize(text)));
}

function toAddress(text: string): FluentdRemote['address'] {
  if (text === '') return DEFAULT_ADDRESS;
  const wrong = (reason: string) => invalid(`invalid fluentd-address (${text}): ${reason}`);
  const address = parseAddress(text.includes('://') ? text : `tcp://${text}`);
  if (!address) throw wrong('not of the form scheme://host:port');
  const { scheme, host, path, port = DEFAULT_ADDRESS.port } = address;
  if (scheme === 'unix') {
    if (path.replace(/^\/+/, '') === '') throw wrong('path is empty');
    return { kind: 'unix', path };
  }
  if (scheme !== 'tcp' && scheme !== 'tls') throw wrong(`unsupported scheme: '${scheme}'`);
  if (path !== '') throw wrong('should not contain a path element');
  return { kind: scheme, host: host || DEFAULT_ADDRESS.host, port };
}
