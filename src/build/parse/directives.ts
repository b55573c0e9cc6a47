import type { EscapeCharacter } from '../expand/reading.ts';
import { DockerfileError } from './dockerfile-error.ts';

export interface Directive {
  readonly name: 'syntax' | 'escape' | 'check';
  readonly value: string;
  readonly line: number;
}

export interface Directives {
  readonly escape: EscapeCharacter;
  readonly list: readonly Directive[];
}

const FORM = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+)$/;

/**
 * The `# key=value` lines at the very top; the first line that is none of them ends the search. Errors: DockerfileError for a
 * directive that comes twice, or an escape character that is neither a backslash nor a backtick.
 */
export function parseDirectives(lines: readonly string[]): Directives {
  const list: Directive[] = [];
  for (const [index, line] of lines.entries()) {
    const [, key = '', value = ''] = FORM.exec(line.trim()) ?? [];
    const name = directiveName(key.toLowerCase());
    if (name === undefined) break;
    // BuildKit counts these errors from the line above
    const location = { start: index, end: index };
    if (list.some((other) => other.name === name))
      throw new DockerfileError(`only one ${name} parser directive can be used`, location);
    if (name === 'escape' && value !== '\\' && value !== '`')
      throw new DockerfileError(`invalid escape token '${value}' does not match \` or \\`, location);
    list.push({ name, value, line: index + 1 });
  }
  const escape = list.find((directive) => directive.name === 'escape')?.value === '`' ? '`' : '\\';
  return { escape, list };
}

function directiveName(key: string): Directive['name'] | undefined {
  return key === 'syntax' || key === 'escape' || key === 'check' ? key : undefined;
}

export interface Syntax {
  /** The image of the frontend. */
  readonly reference: string;
  /** The whole value, the reference first. */
  readonly commandLine: string;
}

/**
 * The frontend that a build definition of any format asks for: `# syntax=`, `// syntax=` at the top (after a `#!` line), or the
 * member `syntax` of a JSON object. Undefined when it names none.
 */
export function detectSyntax(text: string): Syntax | undefined {
  const plain = text.replace(/^\uFEFF/, '').replace(/^#![^\n]*\n?/, '');
  const lines = plain.split('\n');
  const value = syntaxLine(lines) ?? syntaxLine(lines.map((line) => line.replace(/^#/, '').replace(/^\/\//, '#')));
  if (value !== undefined) return { reference: value.split(' ', 1)[0] ?? '', commandLine: value };
  const member = jsonSyntax(plain);
  return member === undefined ? undefined : { reference: member, commandLine: member };
}

function syntaxLine(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const [, key = '', value] = FORM.exec(line.trimEnd()) ?? [];
    if (directiveName(key.toLowerCase()) === undefined) return undefined;
    if (key.toLowerCase() === 'syntax') return value;
  }
  return undefined;
}

function jsonSyntax(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    const value = typeof parsed === 'object' && parsed !== null && 'syntax' in parsed ? parsed.syntax : undefined;
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
