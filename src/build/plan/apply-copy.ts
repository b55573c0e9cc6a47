import { KnownError } from '../../lib/errors.ts';
import { expand } from '../expand/expand.ts';
import type { AddInstruction, CopyInstruction } from '../instruction/instruction.ts';
import { type Heredoc, heredocText } from '../parse/heredoc.ts';
import { copyDestination } from './paths.ts';
import type { CopyStep } from './plan.ts';
import { expandWord, type StageContext, type StageState } from './stage-state.ts';

type CopyDetails = Omit<CopyStep, 'source' | 'location' | 'trigger'>;

/** Errors: invalid_parameter. */
export function planCopy(
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  context: StageContext,
): CopyDetails {
  const word = (text: string): string => expandWord(state, context, text);
  const copy = instruction.kind === 'copy';
  const name = copy ? 'COPY' : 'ADD';
  const paths = instruction.paths.map(word);
  const [destination, chown, chmod] = [word(instruction.destination), word(instruction.chown), word(instruction.chmod)];
  checkChmod(chmod);
  if (copy) paths.forEach(refuseRemote);
  const checksum = copy ? '' : word(instruction.checksum);
  checkChecksum(checksum, paths);
  const flags = [
    copy && instruction.parents ? ['--parents'] : [],
    chown === '' ? [] : [`--chown=${chown}`],
    chmod === '' ? [] : [`--chmod=${chmod}`],
  ].flat();
  const marks = instruction.heredocs.map((heredoc) => `<<${heredoc.name}`);
  return {
    kind: 'copy',
    instruction: name,
    from: copy && instruction.from !== '' ? context.sourceOf(instruction.from, '') : { kind: 'context' },
    paths,
    files: instruction.heredocs.map((heredoc) => ({ name: heredoc.name, content: fileText(state, heredoc, context) })),
    destination: copyDestination(state.image.config.WorkingDir ?? '/', destination),
    chown,
    chmod,
    link: instruction.link,
    parents: copy && instruction.parents,
    excludes: instruction.excludes.map(word),
    checksum,
    keepGitDir: !copy && instruction.keepGitDir,
    unpack: copy ? undefined : instruction.unpack,
    createdBy: `${[name, ...flags, ...paths, ...marks, destination].join(' ')} # buildkit`,
  };
}

/** Variables in a body are read with a backslash as escape character, and quotes mean nothing. */
function fileText(state: StageState, heredoc: Heredoc, { budget }: StageContext): string {
  const text = heredocText(heredoc);
  if (!heredoc.expand) return text;
  const expanded = expand(text, (name) => state.variables.get(name), { escape: '\\', plainQuotes: true }).text;
  budget?.charge(expanded.length);
  return expanded;
}

const SYMBOLIC = /^[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+(?:,[ugoa]*(?:[-+=](?:[rwxXst]*|[ugo]))+)*$/;

function checkChmod(text: string): void {
  if (text === '' || /^0*[0-7]{1,4}$/.test(text) || SYMBOLIC.test(text)) return;
  throw invalid(`invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`);
}

function refuseRemote(path: string): void {
  if (isGit(path)) throw invalid("source can't be a git ref for COPY");
  if (isUrl(path)) throw invalid("source can't be a URL for COPY");
}

function checkChecksum(checksum: string, paths: readonly string[]): void {
  if (checksum === '') return;
  if (paths.length !== 1) throw invalid("checksum can't be specified for multiple sources");
  const [path = ''] = paths;
  if (!isUrl(path) && !isGit(path)) throw invalid('checksum requires HTTP(S) or Git sources');
  const wanted = isGit(path)
    ? /^[0-9a-f]{7,64}$/
    : /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;
  if (!wanted.test(checksum)) throw invalid('invalid checksum digest format');
}

/** `https://host/file`. */
export function isUrl(path: string): boolean {
  return /^https?:\/\//.test(path) && !isGit(path);
}

/** A git repository: `git@host:...`, `git://`, `ssh://`, or `https://...git`. */
export function isGit(path: string): boolean {
  if (/^(?:git|ssh):\/\/|^[\w.-]+@[\w.-]+:/.test(path)) return true;
  return /^https?:\/\/[^?#]*\.git(?:[?#]|$)/.test(path);
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
