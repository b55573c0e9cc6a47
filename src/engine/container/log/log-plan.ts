import type { HostConfig } from '../../../api/types/container.ts';
import { messageOf } from '../../../lib/errors.ts';
import { invalid } from '../../../lib/invalid.ts';
import { parseSize } from '../../../lib/size.ts';
import type { LogOrigin, RemoteLog } from '../../../linux/log-sink/log-sink.ts';
import { noSuchLogDriver } from '../errors.ts';
import { type LogFileRules, toCacheFile, toJsonFile, toLocalFile } from './file-options.ts';
import { isFluentdAsync, reconnectInterval, toFluentd, toFluentdRetries } from './fluentd-options.ts';
import { toGelf, toGelfRetries } from './gelf-options.ts';
import {
  ATTRIBUTE_OPTIONS,
  commandOf,
  formatTag,
  type LogOptions,
  type LogSubject,
  toAttributes,
} from './log-attributes.ts';
import { parseBool, refuseUnknown } from './option-values.ts';
import type { RetryRules } from './retry.ts';
import { toSyslog } from './syslog-options.ts';

type LogConfig = NonNullable<HostConfig['LogConfig']>;

/** Drivers that this engine has, as `docker info` lists them. */
export const LOG_DRIVERS = ['fluentd', 'gelf', 'journald', 'json-file', 'local', 'none', 'syslog'];

/** Docker's, that are not here. */
const NOT_HERE = ['awslogs', 'etwlogs', 'gcplogs', 'splunk'];
/** Options that every driver has, or every one with a cache. */
const COMMON_OPTIONS = [
  'mode',
  'max-buffer-size',
  'cache-disabled',
  'cache-max-size',
  'cache-max-file',
  'cache-compress',
];
const HOLD_MIN_FILE_BYTES = 8 * 1024 * 1024;
const DEFAULT_TAG = '{{.ID}}';

/** What becomes of a container's output. */
export interface LogPlan {
  /** Undefined: nothing is kept (driver none). */
  readonly file?: LogFileRules;
  readonly forward?: ForwardPlan;
}

/** Where the file's records go besides. */
export interface ForwardPlan {
  readonly remote: RemoteLog;
  readonly retry: RetryRules;
  /** A start fails when it cannot be reached. */
  readonly mustAnswer: boolean;
  /** The container's output waits when the remote is that far behind; undefined: it never does. By `mode=blocking`, said by the user. */
  readonly holdBytes?: number;
  /** A connection is made anew when it is that old; undefined: never. */
  readonly reconnectMs?: number;
}

/** Decides by a container's LogConfig. Errors: invalid_parameter for an unknown driver, option or value, in Docker's words. */
export function planLog(log: LogConfig | undefined, subject: LogSubject): LogPlan {
  const driver = log?.Type || 'json-file';
  const options = log?.Config ?? {};
  if (driver === 'none') return {};
  if (NOT_HERE.includes(driver))
    throw invalid(
      `logger: no log driver named '${driver}' is registered: this engine has ${LOG_DRIVERS.slice(0, -1).join(', ')} and ${LOG_DRIVERS.at(-1)}`,
    );
  if (!LOG_DRIVERS.includes(driver)) throw noSuchLogDriver(driver);
  checkCommon(options);
  const own = Object.fromEntries(Object.entries(options).filter(([option]) => !COMMON_OPTIONS.includes(option)));
  if (driver === 'json-file') return { file: toJsonFile(own, subject) };
  if (driver === 'local') return { file: toLocalFile(own, subject) };
  const forward = toForward(driver, own, subject);
  const file = toCacheFile(options);
  return options['mode'] === 'blocking' ? withHold(file, forward) : { file, forward };
}

/**
 * A quarter of what is surely kept may wait: the monitor sees the bound only after what it reads in one gulp, at most 5 MB of records, which
 * is why the files are not smaller than 8 MB.
 */
function withHold(file: LogFileRules, forward: ForwardPlan): LogPlan {
  if (file.maxSizeBytes === undefined) return { file, forward };
  const maxSizeBytes = Math.max(file.maxSizeBytes, HOLD_MIN_FILE_BYTES);
  const holdBytes = Math.trunc((maxSizeBytes * ((file.maxFiles ?? 2) - 1)) / 4);
  return { file: { ...file, maxSizeBytes }, forward: { ...forward, holdBytes } };
}

/** Options of Docker's own, whatever the driver. */
function checkCommon(options: LogOptions): void {
  const { mode = '', 'max-buffer-size': buffer, 'cache-disabled': disabled } = options;
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  if (buffer !== undefined) {
    if (mode !== 'non-blocking')
      throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
    try {
      parseSize(buffer);
    } catch (error) {
      throw invalid(`error parsing option max-buffer-size: ${messageOf(error)}`);
    }
  }
  try {
    parseBool(disabled || undefined);
  } catch {
    throw invalid(`invalid value for option cache-disabled: ${disabled}`);
  }
}

function toForward(driver: string, options: LogOptions, subject: LogSubject): ForwardPlan {
  const origin = (): LogOrigin => toOrigin(options, subject);
  switch (driver) {
    case 'syslog': {
      const remote = toSyslog(options, origin());
      return { remote, retry: {}, mustAnswer: true };
    }
    case 'gelf': {
      const remote = toGelf(options, origin());
      return { remote, retry: toGelfRetries(options), mustAnswer: true };
    }
    case 'fluentd': {
      const remote = toFluentd(options, origin());
      const reconnectMs = reconnectInterval(options['fluentd-async-reconnect-interval']);
      return {
        remote,
        retry: toFluentdRetries(options),
        mustAnswer: !isFluentdAsync(options),
        ...(reconnectMs !== undefined && isFluentdAsync(options) && { reconnectMs }),
      };
    }
    default: {
      refuseUnknown(options, ATTRIBUTE_OPTIONS, (option) => `unknown log opt '${option}' for journald log driver`);
      return { remote: { kind: 'journald', origin: origin() }, retry: {}, mustAnswer: true };
    }
  }
}

function toOrigin(options: LogOptions, subject: LogSubject): LogOrigin {
  return {
    containerId: subject.id,
    containerName: subject.name,
    imageId: subject.imageId,
    imageName: subject.config.Image ?? '',
    command: commandOf(subject.config).join(' '),
    created: subject.created,
    tag: formatTag(options['tag'] || DEFAULT_TAG, subject),
    extra: toAttributes(options, subject),
  };
}
