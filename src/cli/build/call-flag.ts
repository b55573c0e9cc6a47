import { KnownError } from '../../lib/errors.ts';
import type { Flag, Flags } from '../../lib/flags/flag.ts';

/** What `docker build` does instead of building. */
export type BuildCall =
  | { readonly kind: 'check' | 'outline' | 'targets'; readonly json: boolean; readonly ignoreStatus: boolean }
  | { readonly kind: 'print'; readonly stage: PrintedStage };

/** What the compiler makes of a Dockerfile, stage by stage. */
export type PrintedStage = 'ast' | 'instructions' | 'plan';

/** Docker has the first two with buildx only: they are not in the help of the client without it. */
export const CALL_FLAGS: readonly Flag[] = [
  {
    name: 'call',
    kind: 'string',
    hidden: true,
    description: 'Set method for evaluating build ("check", "outline", "targets")',
  },
  { name: 'check', kind: 'bool', hidden: true, description: 'Shorthand for "--call=check"' },
  {
    name: 'print',
    kind: 'string',
    hidden: true,
    description: 'Print what the Dockerfile is compiled to ("ast", "instructions", "plan")',
  },
];

/** Undefined to build. Errors: invalid_parameter. */
export function parseBuildCall(flags: Flags): BuildCall | undefined {
  const stage = flags.text('print');
  const call = flags.bool('check') ? 'check' : flags.text('call');
  if (stage === '') return parseCall(call);
  if (call !== '') throw invalid('--print and --call cannot be given together');
  if (stage !== 'ast' && stage !== 'instructions' && stage !== 'plan')
    throw invalid(`invalid value ${JSON.stringify(stage)} of --print: must be ast, instructions or plan`);
  return { kind: 'print', stage };
}

/** `name[,format=json|text][,ignorestatus=bool]`, as buildx reads it. */
function parseCall(text: string): BuildCall | undefined {
  let name = '';
  let json = false;
  let ignoreStatus = false;
  for (const field of text === '' ? [] : text.split(',')) {
    const at = field.indexOf('=');
    const value = field.slice(at + 1);
    if (at === -1) {
      if (name !== '') throw invalid(`invalid print value: ${text}`);
      name = field;
    } else if (field.startsWith('format=')) json = isJson(value);
    else if (field.startsWith('ignorestatus=')) ignoreStatus = isTrue(value);
    else throw invalid(`invalid print field: ${field}`);
  }
  if (name === '' || name === 'build') return undefined;
  const kind = name === 'lint' ? 'check' : name;
  if (kind === 'check' || kind === 'outline' || kind === 'targets') return { kind, json, ignoreStatus };
  throw invalid(`unknown method ${JSON.stringify(name)} of --call: must be build, check, outline or targets`);
}

function isJson(format: string): boolean {
  if (format === 'json' || format === 'text' || format === '') return format === 'json';
  throw invalid(`unknown format ${JSON.stringify(format)} of --call: must be json or text`);
}

function isTrue(value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw invalid(
    `invalid ignorestatus print value: ${value}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
