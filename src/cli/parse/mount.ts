import type { Mount } from '../../api/types/container.ts';
import { parseBool } from '../../lib/flags/number.ts';
import { cut, invalid } from '../../lib/invalid.ts';
import { parseSize } from '../../lib/size.ts';
import { parseCsvLine } from './csv.ts';

type Draft = { -readonly [K in keyof Mount]: Mount[K] };

const SWITCHES = ['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src', 'bind-idmap'];

/**
 * `type=bind,src=/a,dst=/b,...` (docker/cli opts/mount.go). A source that begins with a dot is taken from the client's folder, by
 * `absolute`. Errors: invalid_parameter.
 */
export function parseMount(text: string, absolute: (path: string) => string): Mount {
  const draft: Draft = { Type: 'volume' };
  for (const field of parseCsvLine(text)) {
    const [name, value] = cut(field, '=');
    const key = name.toLowerCase();
    if (value === undefined && !SWITCHES.includes(key)) {
      throw invalid(`invalid field '${field}' must be a key=value pair`);
    }
    setField(draft, key, value, field, absolute);
  }
  checkMount(draft);
  return ordered(draft);
}

function setField(
  draft: Draft,
  key: string,
  given: string | undefined,
  field: string,
  absolute: (path: string) => string,
): void {
  const value = given ?? '';
  switch (key) {
    case 'type':
      draft.Type = value.toLowerCase() as NonNullable<Mount['Type']>;
      return;
    case 'source':
    case 'src':
      draft.Source = value.startsWith('.') ? absolute(value) : value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      draft.Target = value;
      return;
    case 'readonly':
    case 'ro':
      draft.ReadOnly = switchValue(key, given);
      return;
    case 'consistency':
      draft.Consistency = value.toLowerCase();
      return;
    default:
      if (key.startsWith('bind-')) setBindField(draft, key, given, field);
      else if (key.startsWith('volume-')) setVolumeField(draft, key, given, field);
      else setOtherField(draft, key, value, field);
  }
}

function setBindField(draft: Draft, key: string, given: string | undefined, field: string): void {
  draft.BindOptions ??= {};
  const options = draft.BindOptions;
  switch (key) {
    case 'bind-propagation':
      options.Propagation = (given ?? '').toLowerCase() as NonNullable<typeof options.Propagation>;
      return;
    case 'bind-nonrecursive':
      options.NonRecursive = switchValue(key, given);
      return;
    case 'bind-create-src':
      options.CreateMountpoint = switchValue(key, given);
      return;
    case 'bind-idmap':
      options.IDMap = given ?? 'owner';
      return;
    case 'bind-recursive':
      if (given === 'disabled') options.NonRecursive = true;
      else if (given === 'writable') options.ReadOnlyNonRecursive = true;
      else if (given === 'readonly') options.ReadOnlyForceRecursive = true;
      else if (given !== 'enabled') {
        throw invalid(`invalid value for ${key}: ${given} (must be "enabled", "disabled", "writable", or "readonly")`);
      }
      return;
    default:
      throw unexpected(key, field);
  }
}

function setVolumeField(draft: Draft, key: string, given: string | undefined, field: string): void {
  draft.VolumeOptions ??= {};
  const options = draft.VolumeOptions;
  options.DriverConfig ??= {};
  const [name, value = ''] = cut(given ?? '', '=');
  switch (key) {
    case 'volume-subpath':
      options.Subpath = given ?? '';
      return;
    case 'volume-nocopy':
      options.NoCopy = switchValue(key, given);
      return;
    case 'volume-label':
      options.Labels = { ...options.Labels, [name]: value };
      return;
    case 'volume-driver':
      options.DriverConfig.Name = given ?? '';
      return;
    case 'volume-opt':
      options.DriverConfig.Options = { ...options.DriverConfig.Options, [name]: value };
      return;
    default:
      throw unexpected(key, field);
  }
}

function setOtherField(draft: Draft, key: string, value: string, field: string): void {
  switch (key) {
    case 'image-subpath':
      draft.ImageOptions = { Subpath: value };
      return;
    case 'tmpfs-size':
      draft.TmpfsOptions = { ...draft.TmpfsOptions, SizeBytes: attempt(() => parseSize(value), key, value) };
      return;
    case 'tmpfs-mode':
      if (!/^[0-7]{1,11}$/.test(value)) throw invalid(`invalid value for ${key}: ${value}`);
      draft.TmpfsOptions = { ...draft.TmpfsOptions, Mode: Number.parseInt(value, 8) };
      return;
    default:
      throw unexpected(key, field);
  }
}

function checkMount({ Type: type, Target, ReadOnly, ...options }: Draft): void {
  if (!type) throw invalid('type is required');
  if (!Target) throw invalid('target is required');
  const groups = [
    ['volume', options.VolumeOptions],
    ['image', options.ImageOptions],
    ['bind', options.BindOptions],
    ['tmpfs', options.TmpfsOptions],
  ] as const;
  for (const [name, group] of groups) {
    if (group !== undefined && type !== name) throw invalid(`cannot mix '${name}-*' options with mount type '${type}'`);
  }
  const bind = options.BindOptions;
  const needs = (value: string, what: string): string =>
    `option 'bind-recursive=${value}' requires '${what}' to be specified in conjunction`;
  if (bind?.ReadOnlyNonRecursive && !ReadOnly) throw invalid(needs('writable', 'readonly'));
  if (bind?.ReadOnlyForceRecursive && !ReadOnly) throw invalid(needs('readonly', 'readonly'));
  if (bind?.ReadOnlyForceRecursive && bind.Propagation !== 'rprivate') {
    throw invalid(needs('readonly', 'bind-propagation=rprivate'));
  }
}

/** Without what has its zero value, as Go leaves it out. */
function ordered(draft: Draft): Mount {
  const { Type, Source, Target, ReadOnly, ...options } = draft;
  return {
    ...(Type ? { Type } : {}),
    ...(Source ? { Source } : {}),
    ...(Target ? { Target } : {}),
    ...(ReadOnly ? { ReadOnly } : {}),
    ...options,
  };
}

function switchValue(key: string, given: string | undefined): boolean {
  return given === undefined || attempt(() => parseBool(given), key, given);
}

function attempt<T>(parse: () => T, key: string, value: string): T {
  try {
    return parse();
  } catch {
    throw invalid(`invalid value for ${key}: ${value}`);
  }
}

function unexpected(key: string, field: string): Error {
  return invalid(`unexpected key '${key}' in '${field}'`);
}
