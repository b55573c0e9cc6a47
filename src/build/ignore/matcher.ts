import { KnownError } from '../../lib/errors.ts';
import { cleanPath } from './ignore-file.ts';
import { compilePattern, type PathTest } from './pattern.ts';

/** Which paths a list of patterns takes out; the last pattern that says something about a path wins. */
export interface IgnoreMatcher {
  /** `path`: relative to the context's root. A pattern that takes a folder takes everything below it. */
  matches(path: string): boolean;
  /** There is a `!pattern`: something below an ignored folder may be wanted. */
  readonly hasExceptions: boolean;
}

/** `patterns` as parseIgnoreFile gives them. Errors: invalid_parameter for a malformed pattern. */
export function createIgnoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  const rules = patterns
    .map((pattern) => pattern.trim())
    .filter((pattern) => pattern !== '')
    .map(parseRule);
  return {
    hasExceptions: rules.some((rule) => rule.exception),
    matches(path) {
      const file = cleanPath(path);
      if (file === '.') return false;
      const paths = withFolders(file);
      let ignored = false;
      for (const { exception, test } of rules) if (exception === ignored && paths.some(test)) ignored = !exception;
      return ignored;
    },
  };
}

interface Rule {
  readonly exception: boolean;
  readonly test: PathTest;
}

function parseRule(text: string): Rule {
  const pattern = cleanPath(text);
  if (pattern === '!') throw new KnownError('invalid_parameter', 'illegal exclusion pattern: "!"');
  const exception = pattern.startsWith('!');
  return { exception, test: compilePattern(exception ? pattern.slice(1) : pattern) };
}

/** The path, then the folders above it. */
function withFolders(path: string): readonly string[] {
  const paths = [path];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) paths.push(path.slice(0, at));
  return paths;
}
