import type { DeviceMapping, DeviceRequest, ThrottleDevice } from '../../api/types/container.ts';
import { parseUint } from '../../lib/flags/number.ts';
import { cut, invalid } from '../../lib/invalid.ts';
import { parseSize } from '../../lib/size.ts';
import { parseCsvLine } from './csv.ts';
import { toMap } from './env.ts';

/** What `--device` comes to; names of the Container Device Interface (`vendor/class=name`) are requests. */
export interface Devices {
  readonly mappings: readonly DeviceMapping[];
  readonly cdiNames: readonly string[];
}

/** Errors: invalid_parameter. */
export function parseDevices(given: readonly string[]): Devices {
  const isCdi = (text: string): boolean => /^[a-zA-Z][\w.-]*\/[a-zA-Z][\w-]*=[a-zA-Z0-9][\w.:-]*$/.test(text);
  return { mappings: given.filter((text) => !isCdi(text)).map(parseDevice), cdiNames: given.filter(isCdi) };
}

function parseDevice(text: string): DeviceMapping {
  const [source = '', second, third, ...more] = text.split(':');
  if (more.length > 0 || source === '') throw invalid(`bad format for path: ${text}`);
  const secondIsMode = second !== undefined && third === undefined && isMode(second);
  const target = second === undefined || secondIsMode ? source : second;
  const mode = third ?? (secondIsMode ? second : 'rwm');
  if (!isMode(mode)) throw invalid(`bad mode specified: ${mode}`);
  if (!target.startsWith('/')) throw invalid(`${target} is not an absolute path`);
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: mode };
}

function isMode(text: string): boolean {
  return /^[rwm]+$/.test(text) && new Set(text).size === text.length;
}

/** `c 1:3 mr`. Errors: invalid_parameter. */
export function checkDeviceCgroupRule(text: string): void {
  if (!/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(text)) throw invalid(`invalid device cgroup format '${text}'`);
}

/** `/dev/sda:1mb`, bytes a second. Errors: invalid_parameter. */
export function parseThrottleBps(text: string): ThrottleDevice {
  const unit =
    '<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb';
  return parseRate(text, parseSize, unit);
}

/** `/dev/sda:100`, operations a second. Errors: invalid_parameter. */
export function parseThrottleIops(text: string): ThrottleDevice {
  return parseRate(text, parseUint, '<device-path>:<number>. Number must be a positive integer');
}

function parseRate(text: string, parse: (rate: string) => number, format: string): ThrottleDevice {
  const [path, rate] = splitDevice(text);
  try {
    return { Path: path, Rate: parse(rate) };
  } catch {
    throw invalid(`invalid rate for device: ${text}. The correct format is ${format}`);
  }
}

/** `/dev/sda:200`, 10 to 1000, or 0 for none. Errors: invalid_parameter. */
export function parseWeightDevice(text: string): { readonly Path: string; readonly Weight: number } {
  const [path, given] = splitDevice(text);
  const weight = /^\d+$/.test(given) ? Number(given) : -1;
  if (weight !== 0 && (weight < 10 || weight > 1000)) throw invalid(`invalid weight for device: ${text}`);
  return { Path: path, Weight: weight };
}

function splitDevice(text: string): readonly [string, string] {
  const [path, value] = cut(text, ':');
  if (!value) throw invalid(`bad format: ${text}`);
  if (!path.startsWith('/dev/')) throw invalid(`bad format for device path: ${text}`);
  return [path, value];
}

/** `all`, `2`, `device=0`, `driver=nvidia,count=1,capabilities=compute`. Errors: invalid_parameter. */
export function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest & { DeviceIDs: string[] | null } = {
    Driver: '',
    Count: 0,
    DeviceIDs: null as unknown as string[],
    Capabilities: [['gpu']],
    Options: {},
  };
  const seen = new Set<string>();
  for (const field of parseCsvLine(text)) {
    const [key, value] = cut(field, '=');
    const name = value === undefined ? 'count' : key;
    if (seen.has(name)) throw invalid(`gpu request key '${name}' can be specified only once`);
    seen.add(name);
    setGpuField(request, name, value ?? key, field);
  }
  if (!seen.has('count') && !seen.has('device')) request.Count = 1;
  return request;
}

function setGpuField(request: DeviceRequest, key: string, value: string, field: string): void {
  switch (key) {
    case 'driver':
      request.Driver = value;
      return;
    case 'count':
      if (value !== 'all' && !/^[+-]?\d+$/.test(value)) {
        throw invalid(`invalid count (${value}): value must be either "all" or an integer: invalid syntax`);
      }
      request.Count = value === 'all' ? -1 : Number(value);
      return;
    case 'device':
      request.DeviceIDs = value.split(',');
      return;
    case 'capabilities':
      request.Capabilities = [[...value.split(','), 'gpu']];
      return;
    case 'options':
      request.Options = toMap(parseCsvLine(value));
      return;
    default:
      throw invalid(`unexpected key '${key}' in '${field}'`);
  }
}
