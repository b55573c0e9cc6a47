import type { Filters } from '../../api/filters.ts';
import { KnownError } from '../../lib/errors.ts';
import { familiarName, familiarReference, parseReference } from '../../oci/reference.ts';
import type { DescribedImage } from './describe.ts';

/** Keys of `filters` in GET /images/json. */
export const LIST_FILTERS = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until'];
/** Keys of `filters` in POST /images/prune. */
export const PRUNE_FILTERS = ['dangling', 'label', 'label!', 'until'];

type Test = (image: DescribedImage) => boolean;

/**
 * One test for all filters. `createdMsOf` finds the image of `before` and `since`.
 * Errors: invalid_parameter; not_found for an image that `before` or `since` names.
 */
export function imageFilter(
  filters: Filters,
  nowMs: number,
  createdMsOf: (name: string) => Promise<number>,
): Promise<Test> {
  const tests = [...filters].map(([key, values]) => filterTest(key, values, nowMs, createdMsOf));
  return Promise.all(tests).then((ready) => (image) => ready.every((test) => test(image)));
}

async function filterTest(
  key: string,
  values: readonly string[],
  nowMs: number,
  createdMsOf: (name: string) => Promise<number>,
): Promise<Test> {
  switch (key) {
    case 'dangling':
      return danglingTest(values);
    case 'label':
      return (image) => values.every((value) => hasLabel(image.labels, value));
    case 'label!':
      return (image) => !values.some((value) => hasLabel(image.labels, value));
    case 'reference':
      return (image) => values.some((pattern) => image.record.names.some((name) => matchesReference(pattern, name)));
    case 'before': {
      const times = await Promise.all(values.map(createdMsOf));
      return (image) => times.every((time) => image.createdMs < time);
    }
    case 'since': {
      const times = await Promise.all(values.map(createdMsOf));
      return (image) => times.every((time) => image.createdMs > time);
    }
    case 'until': {
      const time = parseUntil(values, nowMs);
      return (image) => image.createdMs < time;
    }
    default:
      throw new KnownError('invalid_parameter', `invalid filter '${key}'`);
  }
}

function danglingTest(values: readonly string[]): Test {
  const wanted = parseDangling(values);
  return wanted === undefined ? () => true : (image) => (image.record.names.length === 0) === wanted;
}

/** Errors: invalid_parameter. */
export function parseDangling(values: readonly string[] | undefined): boolean | undefined {
  const parsed = values?.map((value) => {
    if (['1', 't', 'true', 'TRUE', 'True', 'T'].includes(value)) return true;
    if (['0', 'f', 'false', 'FALSE', 'False', 'F'].includes(value)) return false;
    throw new KnownError('invalid_parameter', `invalid value for 'dangling' filter: [${values.join(' ')}]`);
  });
  if (parsed && parsed.length > 1)
    throw new KnownError('invalid_parameter', `invalid value for 'dangling' filter: [${(values ?? []).join(' ')}]`);
  return parsed?.[0];
}

function hasLabel(labels: Readonly<Record<string, string>>, value: string): boolean {
  const at = value.indexOf('=');
  if (at === -1) return Object.hasOwn(labels, value);
  const name = value.slice(0, at);
  return Object.hasOwn(labels, name) && labels[name] === value.slice(at + 1);
}

/** A glob over `name`, `name:tag` (familiar), where `*` and `?` stop at slashes as Go's path.Match does. */
export function matchesReference(pattern: string, name: string): boolean {
  const reference = parseReference(name);
  const glob = globPattern(pattern);
  return glob.test(familiarName(reference)) || glob.test(familiarReference(reference));
}

function globPattern(pattern: string): RegExp {
  const parts = pattern.slice(0, 256).match(/\\.|\[\^?(?:\\.|[^\]\\])+\]|[\s\S]/g) ?? [];
  const source = parts.map((part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 2 && part.startsWith('[')) return part;
    return part.replace(/^\\(?=.)/, '').replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
  });
  try {
    return new RegExp(`^${source.join('').replaceAll(/(?:\[\^\/\]\*)+/g, '[^/]*')}$`);
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid reference filter: ${pattern}`, { cause: error });
  }
}

const GO_UNITS_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** One unix time, RFC 3339 date or time, or Go duration before now. Errors: invalid_parameter. */
export function parseUntil(values: readonly string[], nowMs: number): number {
  const [text = '', second] = values;
  if (second !== undefined) throw new KnownError('invalid_parameter', 'more than one until filter specified');
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(?:\d+(?:\.\d+)?(?:ns|us|ms|s|m|h))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
    return nowMs - parts.reduce((sum, [, value, unit]) => sum + Number(value) * (GO_UNITS_MS[unit ?? ''] ?? 0), 0);
  }
  const time = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new KnownError('invalid_parameter', `invalid value for 'until' filter: ${text}`);
  return time;
}
