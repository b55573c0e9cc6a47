import { parseFlags } from '../../lib/flags/parse.ts';
import { invalid } from '../../lib/invalid.ts';
import { CONFIG_FILE, DIRECTIVES, type Directive, FLAGS } from './directives.ts';

/** What daemon.json can hold below a key. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** What a user has set, by flag or in the file; names are those of the file, of the flag where the file has none. */
export type Settings = ReadonlyMap<string, JsonValue>;

export interface CommandLine {
  readonly settings: Settings;
  readonly help: boolean;
  readonly notices: readonly string[];
  readonly configFile: { readonly path: string; readonly given: boolean };
}

/** Reads the command line. Errors: invalid_parameter with pflag's texts, or naming an argument that is no flag. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const { flags, args, help, notices } = parseFlags(FLAGS, argv);
  if (args[0] !== undefined) throw invalid(`"dockerd" accepts no arguments: ${JSON.stringify(args[0])}`);
  const settings = new Map<string, JsonValue>();
  for (const { key, flag, json } of DIRECTIVES) {
    if (!flag || !flags.given(flag.name)) continue;
    settings.set(key ?? flag.name, valueOf(flag.kind, flag.name, json));
  }
  return {
    settings,
    help,
    notices,
    configFile: { path: flags.text('config-file') || CONFIG_FILE, given: flags.given('config-file') },
  };

  function valueOf(kind: 'bool' | 'int' | 'string' | 'list', name: string, json: Directive['json']): JsonValue {
    if (kind === 'bool') return flags.bool(name);
    if (kind === 'int') return flags.int(name);
    if (kind === 'string') return flags.text(name);
    return json === 'map' ? toMap(name, flags.list(name)) : flags.list(name);
  }
}

function toMap(flag: string, entries: readonly string[]): JsonObject {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      if (at < 1) throw invalid(`invalid argument ${JSON.stringify(entry)} for "--${flag}" flag: must be name=value`);
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** Reads the text of daemon.json; an empty file sets nothing. Errors: invalid_parameter: no JSON, unknown keys, values of another type. */
export function parseConfigFile(text: string): Settings {
  const body = text.replace(/^\uFEFF/, '').trim();
  const entries = Object.entries(body === '' ? {} : parseObject(body));
  const unknown = entries.map(([key]) => key).filter((key) => !DIRECTIVES.some((one) => one.key === key));
  if (unknown.length > 0)
    throw invalid(`the following directives don't match any configuration option: ${unknown.toSorted().join(', ')}`);
  for (const [key, value] of entries) checkType(key, value);
  return new Map(entries.filter(([, value]) => value !== null));
}

function parseObject(text: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw invalid(`invalid JSON: ${error instanceof Error ? error.message : ''}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalid('invalid JSON: no object');
  return value as JsonObject;
}

function checkType(key: string, value: JsonValue): void {
  const directive = DIRECTIVES.find((one) => one.key === key);
  const kind = directive?.json ?? directive?.flag?.kind ?? 'string';
  if (value !== null && !isOfKind(kind, value)) throw invalid(`${key} must be ${SAID[kind]}`);
}

type Kind = NonNullable<Directive['json']> | 'bool' | 'int' | 'string' | 'list';

const SAID: Readonly<Record<Kind, string>> = {
  bool: 'true or false',
  int: 'a whole number',
  string: 'a string',
  list: 'a list of strings',
  map: 'an object of strings',
  object: 'an object',
  objects: 'a list of objects',
};

function isOfKind(kind: Kind, value: JsonValue): boolean {
  if (kind === 'bool') return typeof value === 'boolean';
  if (kind === 'int') return Number.isSafeInteger(value);
  if (kind === 'string') return typeof value === 'string';
  if (kind === 'list') return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
  if (kind === 'objects') return Array.isArray(value) && value.every(isObject);
  return isObject(value) && (kind === 'object' || Object.values(value).every((entry) => typeof entry === 'string'));
}

/** A string as it is, anything else as JSON. */
export function asText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Both together. Errors: invalid_parameter when something is set in both. */
export function joinSettings(flags: Settings, file: Settings): Settings {
  const shown = (value: JsonValue | undefined): string =>
    typeof value === 'string' ? value : JSON.stringify(value ?? null);
  const twice = [...file.keys()].filter((key) => flags.has(key)).toSorted();
  if (twice.length > 0)
    throw invalid(
      `the following directives are specified both as a flag and in the configuration file: ${twice
        .map((key) => `${key}: (from flag: ${shown(flags.get(key))}, from file: ${shown(file.get(key))})`)
        .join(', ')}`,
    );
  return new Map([...file, ...flags]);
}

/** Errors: not_implemented naming the first setting that this engine does not have. */
export function unsupported(settings: Settings): readonly string[] {
  return DIRECTIVES.flatMap(({ key, flag, refused }) => {
    const name = key ?? flag?.name ?? '';
    const value = settings.get(name);
    const asks = value !== undefined && value !== false && value !== '' && value !== 0 && !isEmpty(value);
    return refused !== undefined && asks ? [`${flag ? `--${flag.name}` : name} is not supported: ${refused}`] : [];
  });
}

function isEmpty(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
