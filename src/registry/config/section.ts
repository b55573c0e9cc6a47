import { KnownError } from '../../lib/errors.ts';

/** One mapping of a configuration file, of which every key must be asked for. Errors of every reader: invalid_parameter. */
export interface Section {
  /** False when the file does not have it. */
  readonly present: boolean;
  has(key: string): boolean;
  string(key: string): string | undefined;
  boolean(key: string): boolean | undefined;
  integer(key: string): number | undefined;
  /** Go's form, `1h30m` or `500ms`, in milliseconds. */
  durationMs(key: string): number | undefined;
  /** A number, or one with `KiB`, `MiB` or `GiB`. */
  bytes(key: string): number | undefined;
  strings(key: string): readonly string[] | undefined;
  /** Texts, or lists of texts joined by `, `. */
  stringMap(key: string): Readonly<Record<string, string>>;
  oneOf<T extends string>(key: string, values: readonly T[]): T | undefined;
  /** An empty one when the key is missing. */
  section(key: string): Section;
  /** What is in a list: texts as they are, mappings as sections. */
  items(key: string): readonly (string | Section)[] | undefined;
  /** Accepts nothing but `value`. */
  only(key: string, value: unknown, why: string): void;
  /** Fails for keys nobody has asked for, here and below. */
  done(): void;
}

export function createSection(value: unknown, path = ''): Section {
  if (value !== null && value !== undefined && !isMapping(value)) throw wrong(path, 'a mapping');
  const entries: ReadonlyMap<string, unknown> = new Map(Object.entries(value ?? {}));
  const asked = new Set<string>();
  const below: Section[] = [];
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);

  function read<T>(key: string, what: string, convert: (raw: unknown) => T | undefined): T | undefined {
    asked.add(key);
    const raw = entries.get(key);
    if (raw === undefined || raw === null) return undefined;
    const converted = convert(raw);
    if (converted === undefined) throw wrong(at(key), what);
    return converted;
  }

  const section: Section = {
    present: value !== undefined,
    has: (key) => entries.has(key),
    string: (key) => read(key, 'a text', textOf),
    boolean: (key) => read(key, 'true or false', booleanOf),
    integer: (key) => read(key, 'a number, 0 or more', (raw) => (isCount(raw) ? raw : undefined)),
    durationMs: (key) => read(key, 'a time like 1h30m or 10s', parseDuration),
    bytes: (key) => read(key, 'a size like 4MiB', parseBytes),
    strings: (key) => read(key, 'a list of texts', (raw) => (isTexts(raw) ? raw : undefined)),
    stringMap: (key) => read(key, 'a mapping of texts', mapOf) ?? {},
    oneOf: (key, values) => read(key, `one of ${values.join(', ')}`, (raw) => values.find((one) => one === raw)),
    section(key) {
      asked.add(key);
      const child = createSection(entries.get(key), at(key));
      below.push(child);
      return child;
    },
    items: (key) =>
      read(key, 'a list', (raw) => (Array.isArray(raw) ? raw : undefined))?.map((one: unknown, index) => {
        if (typeof one === 'string') return one;
        const child = createSection(one, `${at(key)}[${index}]`);
        below.push(child);
        return child;
      }),
    only: (key, accepted, why) => {
      asked.add(key);
      if (entries.has(key) && entries.get(key) !== accepted)
        throw new KnownError('invalid_parameter', `${at(key)}: ${why}`);
    },
    done() {
      for (const key of entries.keys())
        if (!asked.has(key)) throw new KnownError('invalid_parameter', `${at(key)} is not supported`);
      for (const child of below) child.done();
    },
  };
  return section;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function booleanOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function mapOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isMapping(value)) return undefined;
  const pairs = Object.entries(value).map(([key, one]) => [key, isTexts(one) ? one.join(', ') : textOf(one)] as const);
  return pairs.every((pair): pair is [string, string] => pair[1] !== undefined) ? Object.fromEntries(pairs) : undefined;
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A bare number is nanoseconds in Go's configuration; nobody means that, so it is refused. */
function parseDuration(raw: unknown): number | undefined {
  if (raw === 0) return 0;
  if (typeof raw !== 'string' || !/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(raw)) return undefined;
  const parts = [...raw.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return Math.round(parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS_MS[unit ?? ''] ?? 0), 0));
}

const UNITS_BYTES: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

function parseBytes(raw: unknown): number | undefined {
  const found = /^(\d{1,12}) ?(|KiB|MiB|GiB)$/.exec(String(raw));
  return found ? Number(found[1]) * (UNITS_BYTES[found[2] ?? ''] ?? 1) : undefined;
}

function wrong(path: string, what: string): KnownError {
  return new KnownError('invalid_parameter', `${path === '' ? 'the configuration' : path} is not ${what}`);
}
