import type { ContainerConfig, HostConfig } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import type { LogFileSpec } from '../../linux/monitor/monitor.ts';
import { invalid, noSuchLogDriver } from './errors.ts';

type LogConfig = NonNullable<HostConfig['LogConfig']>;

const NOT_HERE = ['local', 'syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk', 'gcplogs', 'etwlogs'];
const OPTIONS = [
  'max-size',
  'max-file',
  'compress',
  'labels',
  'labels-regex',
  'env',
  'env-regex',
  'tag',
  'mode',
  'max-buffer-size',
];

/** What the tag template and the attributes are made from. */
export interface LogSubject {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  readonly config: ContainerConfig;
}

/** The log file of a container, undefined for driver `none`. Errors: invalid_parameter for an unknown driver or option. */
export function toLogFile(log: LogConfig | undefined, path: string, subject: LogSubject): LogFileSpec | undefined {
  const driver = log?.Type || 'json-file';
  const options = log?.Config ?? {};
  if (driver === 'none') return undefined;
  if (driver !== 'json-file') {
    const known: readonly string[] = NOT_HERE;
    throw known.includes(driver)
      ? invalid(`logger: no log driver named '${driver}' is registered: this engine has json-file and none`)
      : noSuchLogDriver(driver);
  }
  const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key));
  if (unknown !== undefined) throw invalid(`unknown log opt '${unknown}' for json-file log driver`);
  const maxSizeBytes = parseSize(options['max-size']);
  const maxFiles = parseCount(options['max-file']);
  const compress = parseFlag(options['compress']);
  if (options['mode'] && options['mode'] !== 'blocking' && options['mode'] !== 'non-blocking')
    throw invalid(`logger: logging mode not supported: ${options['mode']}`);
  if (compress && (maxSizeBytes === undefined || maxFiles < 2))
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set');
  const attrs = toAttributes(options, subject);
  return {
    path,
    maxFiles,
    ...(maxSizeBytes !== undefined && { maxSizeBytes }),
    ...(compress && { compress }),
    ...(Object.keys(attrs).length > 0 && { attrs: JSON.stringify(attrs) }),
  };
}

/** `10m`, `1g`, `512`; -1: no bound. */
function parseSize(text: string | undefined): number | undefined {
  if (text === undefined || text === '-1') return undefined;
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  if (digits === undefined) throw invalid(`invalid value for max-size: ${text}`);
  const bytes = Math.floor(Number(digits) * 1024 ** Math.max(0, 'bkmgt'.indexOf(unit.toLowerCase() || 'b')));
  if (bytes <= 0) throw invalid('max-size must be a positive number');
  return bytes;
}

function parseCount(text: string | undefined): number {
  if (text === undefined) return 1;
  if (!/^-?\d+$/.test(text)) throw invalid(`invalid value for max-file: ${text}`);
  if (Number(text) < 1) throw invalid('max-file cannot be less than 1');
  return Number(text);
}

function parseFlag(text: string | undefined): boolean {
  if (text === undefined) return false;
  if (!/^(?:1|0|t|f|true|false)$/i.test(text)) throw invalid(`invalid value for compress: ${text}`);
  return /^(?:1|t|true)$/i.test(text);
}

function toAttributes(options: Readonly<Record<string, string>>, subject: LogSubject): Record<string, string> {
  const env = Object.fromEntries(
    (subject.config.Env ?? []).map((entry) => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]),
  );
  return {
    ...pick(subject.config.Labels ?? {}, options['labels'], options['labels-regex']),
    ...pick(env, options['env'], options['env-regex']),
    ...(options['tag'] && { tag: formatTag(options['tag'], subject) }),
  };
}

function pick(
  from: Readonly<Record<string, string>>,
  names: string | undefined,
  regex: string | undefined,
): Record<string, string> {
  const wanted = new Set(names?.split(',') ?? []);
  const pattern = regex ? compile(regex) : undefined;
  return Object.fromEntries(Object.entries(from).filter(([name]) => wanted.has(name) || pattern?.test(name)));
}

function compile(regex: string): RegExp {
  try {
    return new RegExp(regex);
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid regular expression in log options: ${regex}`, { cause: error });
  }
}

function formatTag(template: string, { id, name, imageId, config }: LogSubject): string {
  const fields: Readonly<Record<string, string>> = {
    ID: id.slice(0, 12),
    FullID: id,
    Name: name,
    ImageID: imageId.replace(/^sha256:/, '').slice(0, 12),
    ImageFullID: imageId,
    ImageName: config.Image ?? '',
    DaemonName: 'docker',
  };
  return template.replace(/\{\{\s*\.(\w+)\s*\}\}/g, (whole, field: string) => {
    const value = fields[field];
    if (value === undefined) throw invalid(`invalid log tag: ${whole}`);
    return value;
  });
}
