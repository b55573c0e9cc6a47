import { KnownError } from '../../lib/errors.ts';
import type { RunInstruction } from '../instruction/instruction.ts';
import { parseMount } from '../instruction/mount.ts';
import { heredocText, parseHeredocMark } from '../parse/heredoc.ts';
import { clean, joinWorkingDirectory } from './paths.ts';
import type { PlannedMount, RunStep } from './plan.ts';
import { type DeclaredArg, expandWord, type StageContext, type StageState, withShell } from './stage-state.ts';

type RunDetails = Omit<RunStep, 'source' | 'location' | 'trigger'>;

/** Errors: invalid_parameter. */
export function planRun(state: StageState, instruction: RunInstruction, context: StageContext): RunDetails {
  const { words, script } = commandOf(instruction);
  const argv = instruction.command.shell ? withShell(state.image, words) : words;
  if (argv.length === 0) throw new KnownError('invalid_parameter', 'RUN requires a command');
  const { User = '', WorkingDir = '' } = state.image.config;
  return {
    kind: 'run',
    argv,
    env: Array.from(state.variables, ([name, value]) => `${name}=${value}`),
    workingDirectory: WorkingDir || '/',
    user: User,
    mounts: instruction.mounts.map((text) => planMount(state, text, context)),
    network: instruction.network,
    security: instruction.security,
    devices: instruction.devices,
    script,
    createdBy: `RUN ${[...argTexts(state.args, state), ...argv].join(' ')} # buildkit`,
  };
}

interface Command {
  readonly words: readonly string[];
  readonly script: RunStep['script'];
}

/**
 * A heredoc alone is the script itself; one among other words is put back for the shell to read. It names its interpreter in the text as it
 * stands, so not behind a tab that `<<-` takes off (dispatchRun).
 */
function commandOf({ command, heredocs }: RunInstruction): Command {
  const [first] = heredocs;
  if (first === undefined) return { words: command.words, script: undefined };
  const [line = ''] = command.words;
  if (parseHeredocMark(line) === undefined) {
    const bodies = heredocs.map((heredoc) => `${heredoc.content}${heredoc.name}`);
    return { words: [[line, ...bodies].join('\n')], script: undefined };
  }
  const content = heredocText(first);
  if (!first.content.startsWith('#!')) return { words: [content], script: undefined };
  const path = `/dev/pipes/${first.name}`;
  return { words: [path], script: { path, content } };
}

/** `|2 a=1 b=2`: declared args, each once, with the values that RUN sees. */
function argTexts(args: readonly DeclaredArg[], state: StageState): readonly string[] {
  if (args.length === 0) return [];
  const texts = new Map(args.map(({ name, value }) => [name, `${name}=${state.variables.get(name) ?? value ?? ''}`]));
  return [`|${texts.size}`, ...texts.values()];
}

function planMount(state: StageState, text: string, context: StageContext): PlannedMount {
  const { from, ...mount } = parseMount(text, (value) => expandWord(state, context, value));
  const source = from === '' ? ({ kind: mount.type === 'bind' ? 'context' : 'scratch' } as const) : undefined;
  return {
    ...mount,
    target: mountTarget(state, mount.type, mount.target),
    from: source ?? context.sourceOf(from, mount.target),
  };
}

function mountTarget(state: StageState, type: PlannedMount['type'], target: string): string {
  if (target === '' && (type === 'secret' || type === 'ssh')) return '';
  const path = joinWorkingDirectory(state.image.config.WorkingDir ?? '/', target);
  if (target === '' || clean(path) === '/')
    throw new KnownError('invalid_parameter', `invalid mount target ${JSON.stringify(target)}`);
  return path;
}
