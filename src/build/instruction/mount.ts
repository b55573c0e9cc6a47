/** `RUN --mount=type=...,key=value` (reference.md, "RUN --mount"). */
import { KnownError, messageOf } from '../../lib/errors.ts';
import { withSuggestion } from '../parse/suggest.ts';
import { parseCsvRecord } from './csv.ts';
import { parseSizeBytes } from './size.ts';

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
export type CacheSharing = 'shared' | 'private' | 'locked';

/** Variables expanded; texts are '' when they were not given. */
export interface RunMount {
  readonly type: MountType;
  readonly from: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly id: string;
  readonly sharing: CacheSharing | '';
  readonly required: boolean;
  /** Of tmpfs, in bytes; undefined is without limit. */
  readonly sizeBytes: number | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Of secrets: the variable that holds it. */
  readonly env: string;
}

type Mutable = { -readonly [Name in keyof RunMount]: RunMount[Name] } & { readOnlyGiven: boolean };

const TYPES: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const SHARING: readonly CacheSharing[] = ['shared', 'private', 'locked'];
const KEYS =
  'type from source target readonly id sharing required size mode uid gid src dst destination ro rw readwrite env'.split(
    ' ',
  );

/** What can be told before variables are known: that it is CSV, and that `from` has none. Errors: invalid_parameter. */
export function checkMountShape(text: string): void {
  for (const field of fieldsOf(text)) {
    const { key, value } = splitField(field);
    if (key === 'from' && value !== undefined && /\$./.test(value))
      throw invalid("'from' doesn't support variable expansion, define alias stage instead");
  }
}

/** The values of the fields, in which variables are expanded. Errors: invalid_parameter. */
export function mountValues(text: string): readonly string[] {
  return fieldsOf(text).flatMap((field) => splitField(field).value ?? []);
}

/** `expandValue` is applied to every value. Errors: invalid_parameter. */
export function parseMount(text: string, expandValue: (value: string) => string): RunMount {
  const mount: Mutable = {
    type: 'bind',
    from: '',
    source: '',
    target: '',
    readOnly: false,
    id: '',
    sharing: '',
    required: false,
    sizeBytes: undefined,
    mode: undefined,
    uid: undefined,
    gid: undefined,
    env: '',
    readOnlyGiven: false,
  };
  for (const field of fieldsOf(text)) {
    const { key, value } = splitField(field);
    if (value === undefined) applySwitch(mount, key, field);
    else applyValue(mount, key, expandValue(value), field);
  }
  return finish(mount);
}

function fieldsOf(text: string): readonly string[] {
  try {
    return parseCsvRecord(text);
  } catch (error) {
    throw invalid(`failed to parse csv mounts: ${messageOf(error)}`);
  }
}

function splitField(field: string): { readonly key: string; readonly value: string | undefined } {
  const at = field.indexOf('=');
  return at === -1
    ? { key: field.toLowerCase(), value: undefined }
    : { key: field.slice(0, at).toLowerCase(), value: field.slice(at + 1) };
}

function applySwitch(mount: Mutable, key: string, field: string): void {
  if (key === 'readonly' || key === 'ro') setReadOnly(mount, true);
  else if (key === 'readwrite' || key === 'rw') setReadOnly(mount, false);
  else if (key === 'required') setRequired(mount, true);
  else throw invalid(`invalid field '${field}' must be a key=value pair`);
}

function setReadOnly(mount: Mutable, readOnly: boolean): void {
  mount.readOnly = readOnly;
  mount.readOnlyGiven = true;
}

function setRequired(mount: Mutable, required: boolean): void {
  if (mount.type !== 'secret' && mount.type !== 'ssh') throw unexpectedFor('required', mount.type);
  mount.required = required;
}

function applyValue(mount: Mutable, key: string, value: string, field: string): void {
  switch (key) {
    case 'type':
      mount.type = oneOf(value, TYPES, 'mount type');
      return;
    case 'from':
      mount.from = value;
      return;
    case 'source':
    case 'src':
      mount.source = value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      mount.target = value;
      return;
    case 'readonly':
    case 'ro':
      setReadOnly(mount, boolOf(key, value));
      return;
    case 'readwrite':
    case 'rw':
      setReadOnly(mount, !boolOf(key, value));
      return;
    case 'required':
      setRequired(mount, boolOf(key, value));
      return;
    case 'size':
      if (mount.type !== 'tmpfs') throw unexpectedFor(key, mount.type);
      mount.sizeBytes = parseSizeBytes(value) ?? fail(`invalid value for ${key}: ${value}`);
      return;
    case 'id':
      mount.id = value;
      return;
    case 'sharing':
      mount.sharing = oneOf(value, SHARING, 'sharing value');
      return;
    case 'mode':
      mount.mode = numberOf(key, value, 8);
      return;
    case 'uid':
      mount.uid = numberOf(key, value, 10);
      return;
    case 'gid':
      mount.gid = numberOf(key, value, 10);
      return;
    case 'env':
      mount.env = value;
      return;
    default:
      throw invalid(withSuggestion(`unexpected key '${key}' in '${field}'`, key, KEYS));
  }
}

function oneOf<T extends string>(value: string, options: readonly T[], what: string): T {
  const found = options.find((option) => option === value.toLowerCase());
  if (found !== undefined) return found;
  throw invalid(withSuggestion(`unsupported ${what} ${JSON.stringify(value)}`, value, options));
}

function boolOf(key: string, value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  return fail(`invalid value for ${key}: ${value}`);
}

function numberOf(key: string, value: string, base: 8 | 10): number {
  const digits = base === 8 ? /^[0-7]+$/ : /^\d+$/;
  const number = digits.test(value) ? Number.parseInt(value, base) : Number.NaN;
  return number < 2 ** 32 ? number : fail(`invalid value ${value} for ${key}`);
}

function finish({ readOnlyGiven, ...mount }: Mutable): RunMount {
  const { type } = mount;
  if (type === 'bind' || type === 'tmpfs') {
    for (const key of ['mode', 'uid', 'gid'] as const) {
      if (mount[key] !== undefined) throw invalid(`${key} not allowed for "${type}" type mounts`);
    }
  }
  if (type === 'secret') checkSecret(mount);
  else if (mount.env !== '') throw unexpectedFor('env', type);
  if (mount.sharing !== '' && type !== 'cache') throw invalid(`invalid cache sharing set for ${type} mount`);
  return readOnlyGiven ? mount : { ...mount, readOnly: type !== 'cache' && type !== 'tmpfs' };
}

function checkSecret({ from, sharing, source, target, id }: RunMount): void {
  if (from !== '') throw invalid('secret mount should not have a from');
  if (sharing !== '') throw invalid('secret mount should not define sharing');
  if (source === '' && target === '' && id === '')
    throw invalid('invalid secret mount. one of source, target required');
  if (source !== '' && id !== '') throw invalid("both source and id can't be set");
}

function unexpectedFor(key: string, type: MountType): KnownError {
  return invalid(`unexpected key '${key}' for mount type '${type}'`);
}

function fail(text: string): never {
  throw invalid(text);
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
