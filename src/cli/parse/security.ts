import { messageOf } from '../../lib/errors.ts';
import { cut, invalid } from '../../lib/invalid.ts';

/** What `--security-opt` comes to. `unmasked`: systempaths=unconfined was among it. */
export interface SecurityOptions {
  readonly options: readonly string[];
  readonly unmasked: boolean;
}

/** The file of a seccomp profile becomes the profile itself, read by `readFile`. Errors: invalid_parameter. */
export function parseSecurityOptions(given: readonly string[], readFile: (path: string) => string): SecurityOptions {
  const options = given.map((text) => parseOption(text, readFile));
  const kept = options.filter((option) => option !== 'systempaths=unconfined');
  return { options: kept, unmasked: kept.length < options.length };
}

function parseOption(text: string, readFile: (path: string) => string): string {
  const [name, value] = text.includes('=') || text === 'no-new-privileges' ? cut(text, '=') : cut(text, ':');
  if (!value && name !== 'no-new-privileges') throw invalid(`Invalid --security-opt: ${JSON.stringify(text)}`);
  if (name !== 'seccomp' || value === undefined || value === 'builtin' || value === 'unconfined') return text;
  return `seccomp=${readProfile(value, readFile)}`;
}

function readProfile(path: string, readFile: (path: string) => string): string {
  let content: string;
  try {
    content = readFile(path);
  } catch (error) {
    throw invalid(`opening seccomp profile (${path}) failed: ${messageOf(error)}`);
  }
  try {
    JSON.parse(content);
  } catch (error) {
    throw invalid(`compacting json for seccomp profile (${path}) failed: ${messageOf(error)}`);
  }
  return compactJson(content);
}

/** Valid JSON without the blanks between its words; numbers stay as they are written. */
export function compactJson(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');
}
