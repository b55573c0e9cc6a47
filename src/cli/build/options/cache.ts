import type { AskedCacheExport, AskedCacheImport } from '../../../api/build-session/messages.ts';
import { KnownError } from '../../../lib/errors.ts';
import { bad, oneOf, parseBool, parseFields, refuseOthers } from './fields.ts';

/** With the folder of the client, of `type=local`. */
export interface WithFolder<T> {
  readonly asked: T;
  readonly folder: string;
}

/** `--cache-from`: a reference, or `type=registry|local,...`. Errors: invalid_parameter, not_implemented for other kinds of caches. */
export function parseCacheImport(text: string): WithFolder<AskedCacheImport> {
  if (!text.includes('=')) return { asked: { kind: 'registry', reference: text }, folder: '' };
  const fields = parseFields('cache-from', text);
  if (typeOf('cache-from', fields, ['registry', 'local']) === 'registry') {
    refuseOthers('cache-from', fields, ['type', 'ref']);
    return { asked: { kind: 'registry', reference: given('cache-from', fields, 'ref') }, folder: '' };
  }
  refuseOthers('cache-from', fields, ['type', 'src', 'tag', 'digest']);
  const [tag, digest] = [fields.get('tag') ?? '', fields.get('digest') ?? ''];
  return { asked: { kind: 'local', tag, digest }, folder: given('cache-from', fields, 'src') };
}

/** `--cache-to`: a reference, or `type=inline|registry|local,...`. Errors: as parseCacheImport. */
export function parseCacheExport(text: string): WithFolder<AskedCacheExport> {
  const fields = text.includes('=')
    ? parseFields('cache-to', text)
    : new Map([
        ['type', text === 'inline' ? 'inline' : 'registry'],
        ['ref', text],
      ]);
  const type = typeOf('cache-to', fields, ['inline', 'registry', 'local']);
  if (type === 'inline') return { asked: { kind: type }, folder: '' };
  const common = {
    mode: oneOf('cache-to', 'mode', fields.get('mode') ?? 'min', ['min', 'max']),
    imageManifest: parseBool('cache-to', 'image-manifest', fields.get('image-manifest') ?? 'true'),
    ignoreError: parseBool('cache-to', 'ignore-error', fields.get('ignore-error') ?? 'false'),
  };
  const known = ['type', 'mode', 'image-manifest', 'ignore-error'];
  if (type === 'registry') {
    refuseOthers('cache-to', fields, [...known, 'ref']);
    return { asked: { kind: type, reference: given('cache-to', fields, 'ref'), ...common }, folder: '' };
  }
  refuseOthers('cache-to', fields, [...known, 'dest', 'tag']);
  return { asked: { kind: type, tag: fields.get('tag') ?? '', ...common }, folder: given('cache-to', fields, 'dest') };
}

function typeOf<T extends string>(option: string, fields: ReadonlyMap<string, string>, choices: readonly T[]): T {
  const type = fields.get('type');
  if (type === undefined) throw bad(`type is required in --${option}`);
  const found = choices.find((choice) => choice === type);
  if (found === undefined) throw new KnownError('not_implemented', `--${option} type=${type} is not supported`);
  return found;
}

function given(option: string, fields: ReadonlyMap<string, string>, key: string): string {
  const value = fields.get(key) ?? '';
  if (value === '') throw bad(`${key} is required in --${option}`);
  return value;
}
