import type { AskedOutput } from '../../../api/build-session/messages.ts';
import { parseCsvLine } from '../../parse/csv.ts';
import { bad, oneOf, parseBool, parseFields, refuseOthers } from './fields.ts';
import { FORMAT_FIELDS, formatOf } from './image-format.ts';

export interface ParsedOutput {
  readonly asked: AskedOutput;
  /** Where the client puts it; undefined: it stays with the daemon. */
  readonly destination: Destination | undefined;
}

export type Destination =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stdout' };

export interface OutputFlags {
  /** `-o`, any number. */
  readonly outputs: readonly string[];
  readonly push: boolean;
  readonly load: boolean;
  readonly tags: readonly string[];
}

const TYPES = ['local', 'tar', 'oci', 'docker', 'image', 'registry', 'cacheonly'] as const;

/** As buildx reads `--output`, `--push` and `--load`. Errors: invalid_parameter, not_implemented for fields of other exporters. */
export function parseOutputs(
  { outputs, push, load, tags }: OutputFlags,
  stdoutIsTerminal: boolean,
): readonly ParsedOutput[] {
  if (push && load) throw bad('push and load may not be set together at the moment');
  const parsed = outputs.map((text) => parseOutput(text, tags, stdoutIsTerminal));
  const images = parsed.filter(({ asked }) => asked.kind === 'image');
  if (outputs.length === 0 || (load && images.length === 0) || (push && images.length === 0))
    return [...parsed, { asked: { kind: 'image', names: pushed(tags, push), push }, destination: undefined }];
  if (!push) return parsed;
  return parsed.map((output) =>
    output.asked.kind === 'image'
      ? { ...output, asked: { ...output.asked, names: pushed(output.asked.names, true), push: true } }
      : output,
  );
}

function pushed(names: readonly string[], push: boolean): readonly string[] {
  if (push && names.length === 0) throw bad('tag is needed when pushing to registry');
  return names;
}

function parseOutput(text: string, tags: readonly string[], stdoutIsTerminal: boolean): ParsedOutput {
  const [first = '', ...rest] = parseCsvLine(text);
  if (rest.length === 0 && !first.includes('=')) {
    if (first === '-') return { asked: { kind: 'tar' }, destination: fileAt('tar', '-', stdoutIsTerminal) };
    return { asked: { kind: 'local' }, destination: { kind: 'folder', path: first } };
  }
  const fields = parseFields('output', text);
  const type = oneOf('output', 'type', needed(fields), TYPES);
  const dest = fields.get('dest') ?? '';
  const names = fields.has('name') ? (fields.get('name') ?? '').split(',').map((name) => name.trim()) : tags;
  switch (type) {
    case 'local': {
      refuseOthers('output type=local', fields, ['type', 'dest', 'platform-split']);
      if (dest === '') throw bad('dest is required for local output');
      return { asked: { kind: type, ...splitOf(fields) }, destination: { kind: 'folder', path: dest } };
    }
    case 'tar':
      refuseOthers('output type=tar', fields, ['type', 'dest', 'platform-split']);
      return { asked: { kind: type, ...splitOf(fields) }, destination: fileAt(type, dest, stdoutIsTerminal) };
    case 'docker':
      if (dest === '') {
        refuseOthers('output type=docker', fields, ['type', 'name', ...FORMAT_FIELDS]);
        return { asked: { kind: 'image', names, push: false, ...formatOf(fields) }, destination: undefined };
      }
      refuseOthers('output type=docker', fields, ['type', 'dest', 'name', ...FORMAT_FIELDS]);
      return { asked: { kind: type, names, ...formatOf(fields) }, destination: fileAt(type, dest, stdoutIsTerminal) };
    case 'oci':
      refuseOthers('output type=oci', fields, ['type', 'dest', 'name', ...FORMAT_FIELDS]);
      return { asked: { kind: type, names, ...formatOf(fields) }, destination: fileAt(type, dest, stdoutIsTerminal) };
    case 'image':
    case 'registry': {
      refuseOthers(`output type=${type}`, fields, ['type', 'name', 'push', ...FORMAT_FIELDS]);
      const push = type === 'registry' || parseBool('output', 'push', fields.get('push') ?? 'false');
      return {
        asked: { kind: 'image', names: pushed(names, push), push, ...formatOf(fields) },
        destination: undefined,
      };
    }
    case 'cacheonly':
      refuseOthers('output type=cacheonly', fields, ['type']);
      return { asked: { kind: type }, destination: undefined };
  }
}

function needed(fields: ReadonlyMap<string, string>): string {
  const type = fields.get('type');
  if (type === undefined) throw bad('type is required for output');
  return type;
}

function splitOf(fields: ReadonlyMap<string, string>): { readonly platformSplit?: boolean } {
  const split = fields.get('platform-split');
  return split === undefined ? {} : { platformSplit: parseBool('output', 'platform-split', split) };
}

function fileAt(type: string, dest: string, stdoutIsTerminal: boolean): Destination {
  if (dest !== '' && dest !== '-') return { kind: 'file', path: dest };
  if (stdoutIsTerminal) throw bad(`dest file is required for ${type} exporter. refusing to write to console`);
  return { kind: 'stdout' };
}
