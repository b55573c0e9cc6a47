import { messageOf } from '../../../lib/errors.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { LogFileSpec } from '../../../linux/monitor/monitor.ts';
import { ATTRIBUTE_OPTIONS, formatTag, type LogOptions, type LogSubject, toAttributes } from './log-attributes.ts';
import { parseBool, parseHumanSize, parseWhole, refuseUnknown } from './option-values.ts';

/** How the monitor keeps the file, wherever that is. */
export type LogFileRules = Omit<LogFileSpec, 'path'>;

/** Docker's defaults of driver `local`. */
const LOCAL_MAX_BYTES = 20 * 1024 * 1024;
const LOCAL_MAX_FILES = 5;

const FILE_OPTIONS = ['max-size', 'max-file', 'compress'];

/** Driver json-file. Errors: invalid_parameter in Docker's words. */
export function toJsonFile(options: LogOptions, subject: LogSubject): LogFileRules {
  refuseUnknown(
    options,
    [...FILE_OPTIONS, ...ATTRIBUTE_OPTIONS],
    (option) => `unknown log opt '${option}' for json-file log driver`,
  );
  const maxSizeBytes = jsonFileSize(options['max-size']);
  const maxFiles = fileCount(options['max-file'] ?? '1');
  if (maxFiles < 1) throw invalid('max-file cannot be less than 1');
  const compress = parseBool(options['compress']);
  if (compress && (maxSizeBytes === undefined || maxFiles < 2))
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set');
  return {
    maxFiles,
    ...(maxSizeBytes !== undefined && { maxSizeBytes }),
    ...(compress && { compress }),
    ...attributesOf(options, subject),
  };
}

/** -1: no bound. */
function jsonFileSize(text: string | undefined): number | undefined {
  if (text === undefined || text === '-1') return undefined;
  const bytes = fileSize(text);
  if (bytes <= 0) throw invalid('max-size must be a positive number');
  return bytes;
}

/** Driver local: rotated and compressed unless the options say otherwise. Errors: invalid_parameter in Docker's words. */
export function toLocalFile(options: LogOptions, subject: LogSubject): LogFileRules {
  refuseUnknown(
    options,
    [...FILE_OPTIONS, ...ATTRIBUTE_OPTIONS],
    (option) => `unknown log opt '${option}' for log driver local`,
  );
  return { ...localFile(options, ''), ...attributesOf(options, subject) };
}

/**
 * The cache of what goes to a remote: as driver local, by the options whose names begin with `cache-`, of two files at least, so
 * that a rotation never takes away what has just been written. Errors: invalid_parameter.
 */
export function toCacheFile(options: LogOptions): LogFileRules {
  const file = localFile(options, 'cache-');
  return { ...file, maxFiles: Math.max(2, file.maxFiles ?? 2) };
}

function localFile(options: LogOptions, prefix: string): LogFileRules {
  const size = options[`${prefix}max-size`];
  const count = options[`${prefix}max-file`];
  const maxSizeBytes = size === undefined ? LOCAL_MAX_BYTES : fileSize(size);
  const maxFiles = count === undefined ? LOCAL_MAX_FILES : fileCount(count);
  const compress = parseBool(options[`${prefix}compress`], true, 'invalid boolean value for compress: ');
  if (maxFiles < 0) throw invalid('max-file must not be negative');
  if (compress && maxFiles <= 1) throw invalid('compression cannot be enabled when max file count is 1');
  return { maxFiles: Math.max(1, maxFiles), ...(maxSizeBytes > 0 && { maxSizeBytes }), ...(compress && { compress }) };
}

function fileSize(text: string): number {
  if (/^-\d/.test(text)) throw invalid('max-size must not be negative');
  try {
    return parseHumanSize(text);
  } catch (error) {
    throw invalid(`invalid value for max-size: ${text}: ${messageOf(error)}`);
  }
}

function fileCount(text: string): number {
  const count = parseWhole(text);
  if (count === undefined || count > 2 ** 31 - 1)
    throw invalid(`invalid value for max-file: ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return count;
}

function attributesOf(options: LogOptions, subject: LogSubject): { readonly attrs?: string } {
  const tag = options['tag'];
  const attrs = { ...toAttributes(options, subject), ...(tag && { tag: formatTag(tag, subject) }) };
  return Object.keys(attrs).length > 0 ? { attrs: JSON.stringify(attrs) } : {};
}
