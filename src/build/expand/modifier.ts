/** What follows the name inside `${name...}`. */
import { messageOf } from '../../lib/errors.ts';
import { type Glob, parseGlob, replaceMatches, trimEnd, trimStart } from './glob.ts';
import { type Reading, syntaxError } from './reading.ts';

const MISSING_BRACE = "syntax error: missing '}'";

/** Reads to the closing brace and gives the value. Errors: invalid_parameter. */
export function substitute(reading: Reading, name: string): string {
  const { scanner, find, options } = reading;
  const operator = scanner.next();
  switch (operator) {
    case '}': {
      const value = find(name);
      return value ?? (options.keepUnset ? `\${${name}}` : '');
    }
    case ':':
      return withWord(reading, name, `:${scanner.next()}`);
    case '+':
    case '-':
    case '?':
    case '#':
    case '%':
      return withWord(reading, name, operator);
    case '/':
      return withReplacement(reading, name);
    default:
      throw syntaxError(`unsupported modifier (${operator}) in substitution`);
  }
}

function withWord(reading: Reading, name: string, operator: string): string {
  const sign = operator.at(-1) ?? '';
  const word = readPart(reading, '}', sign === '#' || sign === '%', MISSING_BRACE);
  const value = reading.find(name);
  if (reading.options.keepUnset && value === undefined) return `\${${name}${operator}${word}}`;
  const present = value !== undefined && !(operator.startsWith(':') && value === '');
  switch (sign) {
    case '-':
      return present ? value : word;
    case '+':
      return present ? word : '';
    case '?':
      if (present) return value;
      throw syntaxError(`${name}: ${word || `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`);
    case '#':
    case '%':
      return trimmed(value ?? '', word, sign);
    default:
      throw syntaxError(`unsupported modifier (${operator}) in substitution`);
  }
}

/** A sign at the start of the pattern doubles the operator: the longest match goes. */
function trimmed(value: string, word: string, sign: '#' | '%'): string {
  const longest = word.startsWith(sign);
  const glob = globOf(longest ? word.slice(1) : word);
  return sign === '#' ? trimStart(value, glob, longest) : trimEnd(value, glob, longest);
}

function withReplacement(reading: Reading, name: string): string {
  const { scanner, find, options } = reading;
  const all = scanner.peek() === '/';
  if (all) scanner.next();
  const pattern = readPart(reading, '/', true, "syntax error: missing '/' in ${}");
  const replacement = readPart(reading, '}', true, MISSING_BRACE);
  const value = find(name);
  if (options.keepUnset && value === undefined) return `\${${name}/${pattern}/${replacement}}`;
  return replaceMatches(value ?? '', globOf(pattern), replacement, { all, maxChars: reading.maxChars });
}

function readPart(reading: Reading, stop: string, rawEscapes: boolean, atEnd: string): string {
  try {
    return reading.readUntil({ ...reading, options: { ...reading.options, rawEscapes } }, stop).text;
  } catch (error) {
    throw reading.scanner.peek() === '' ? syntaxError(atEnd) : error;
  }
}

function globOf(pattern: string): Glob {
  try {
    return parseGlob(pattern);
  } catch (error) {
    throw syntaxError(`invalid pattern (${pattern}) in substitution: ${messageOf(error)}`);
  }
}
