import { KnownError } from '../../lib/errors.ts';
import type { SyntaxTree } from '../parse/node.ts';
import { RULES, type RuleName } from './rules.ts';

/** Which checks count: of a whole Dockerfile, or for one instruction. */
export interface CheckOptions {
  readonly skip: ReadonlySet<string>;
  readonly skipAll: boolean;
  readonly experimental: ReadonlySet<string>;
  readonly experimentalAll: boolean;
  /** What is found fails the build. */
  readonly error: boolean;
}

const NONE: CheckOptions = {
  skip: new Set(),
  skipAll: false,
  experimental: new Set(),
  experimentalAll: false,
  error: false,
};

/** `skip=A,B;error=true;experimental=C`, lists also `all`. Errors: invalid_parameter `invalid check option "x"`. */
export function parseCheckOptions(text: string): CheckOptions {
  let options = NONE;
  const trimmed = text.trim();
  if (trimmed === '') return options;
  for (const part of trimmed.split(';')) {
    const at = part.indexOf('=');
    if (at === -1) throw invalid(`invalid check option ${JSON.stringify(part)}`);
    options = { ...options, ...parseOption(part.slice(0, at).trim(), part.slice(at + 1).trim(), part) };
  }
  return options;
}

function parseOption(key: string, value: string, part: string): Partial<CheckOptions> {
  const list = value === 'all' ? [] : value.split(',').map((name) => name.trim());
  if (key === 'skip') return { skip: new Set(list), skipAll: value === 'all' };
  if (key === 'experimental') return { experimental: new Set(list), experimentalAll: value === 'all' };
  if (key !== 'error') throw invalid(`invalid check option ${JSON.stringify(key)}`);
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return { error: true };
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return { error: false };
  throw invalid(
    `failed to parse check option ${JSON.stringify(part)}: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  );
}

/** The build arg that takes the place of the directive. */
const BUILD_ARG = 'BUILDKIT_DOCKERFILE_CHECK';

/** Of the build arg BUILDKIT_DOCKERFILE_CHECK, else of the directive `# check=` at the top. Errors: invalid_parameter. */
export function fileCheckOptions(tree: SyntaxTree, buildArgs: Readonly<Record<string, string>>): CheckOptions {
  const given = Object.hasOwn(buildArgs, BUILD_ARG) ? buildArgs[BUILD_ARG] : undefined;
  const directive = tree.directives.find(({ name }) => name === 'check')?.value;
  try {
    return parseCheckOptions(given ?? firstWord(directive ?? ''));
  } catch (error) {
    throw error instanceof KnownError ? invalid(`failed to parse check options: ${error.message}`) : error;
  }
}

/** Text after a blank is a comment: `# check=skip=A // why`. */
function firstWord(text: string): string {
  return text.split(' ', 1)[0] ?? '';
}

/** Whether a comment above an instruction is `check=...`, which is no description. */
export function isCheckComment(comment: string): boolean {
  return instructionOptions(comment) !== undefined;
}

/** `options`, and what comments above an instruction add to them. */
export function withComments(options: CheckOptions, comments: readonly string[]): CheckOptions {
  const added = comments.flatMap((comment) => instructionOptions(comment) ?? []);
  return added.reduce(
    (sum, one) => ({
      skip: sum.skip.union(one.skip),
      skipAll: sum.skipAll || one.skipAll,
      experimental: sum.experimental.union(one.experimental),
      experimentalAll: sum.experimentalAll || one.experimentalAll,
      error: sum.error || one.error,
    }),
    options,
  );
}

/** Anything else is only a comment. */
function instructionOptions(comment: string): CheckOptions | undefined {
  const [, text] = /^check\s*=\s*(.*)$/i.exec(comment) ?? [];
  if (text === undefined) return undefined;
  try {
    return parseCheckOptions(firstWord(text));
  } catch {
    return undefined;
  }
}

/** Experimental rules must be asked for, and `skip` does not touch them. */
export function isChecked(rule: RuleName, options: CheckOptions): boolean {
  return 'experimental' in RULES[rule]
    ? options.experimentalAll || options.experimental.has(rule)
    : !options.skipAll && !options.skip.has(rule);
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
