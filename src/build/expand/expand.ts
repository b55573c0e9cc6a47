/**
 * Variable expansion in Dockerfiles, after BuildKit's rules (reference.md, "Environment replacement"):
 * `$v ${v} ${v:-w} ${v-w} ${v:+w} ${v+w} ${v:?e} ${v?e} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r}`, words nested to any
 * sensible depth, single quotes literal, double quotes with variables, an escape character that is `\` or a backtick.
 */
import { KnownError } from '../../lib/errors.ts';
import { substitute } from './modifier.ts';
import { type ExpandOptions, type Lookup, type Reading, type ReadText, syntaxError } from './reading.ts';
import { createScanner, type Scanner } from './scanner.ts';
import { createWordCollector } from './words.ts';

export interface Expansion extends ReadText {
  /** Names that were looked up and found. */
  readonly used: ReadonlySet<string>;
  /** Names that were looked up and not found. */
  readonly missing: ReadonlySet<string>;
}

const MAX_DEPTH = 64;
/** By how many characters variables may make a text longer: with ones that double each other a few lines could ask for any size. */
const MAX_GROWTH = 1024 * 1024;

/** Errors: invalid_parameter `failed to process "...": why`. */
export function expand(source: string, lookup: Lookup, options: ExpandOptions): Expansion {
  const used = new Set<string>();
  const missing = new Set<string>();
  const find: Lookup = (name) => {
    const value = lookup(name);
    (value === undefined ? missing : used).add(name);
    return value;
  };
  try {
    const maxChars = source.length + MAX_GROWTH;
    const read = readUntil({ scanner: createScanner(source), find, options, depth: 0, maxChars, readUntil }, '');
    return { ...read, used, missing };
  } catch (error) {
    if (!(error instanceof KnownError)) throw error;
    throw new KnownError(error.kind, `failed to process ${JSON.stringify(source)}: ${error.message}`, { cause: error });
  }
}

function readUntil(reading: Reading, stop: string): ReadText {
  if (reading.depth > MAX_DEPTH) throw syntaxError('syntax error: substitutions are nested too deeply');
  const { scanner } = reading;
  const words = createWordCollector();
  let text = '';
  for (let point = scanner.peek(); point !== ''; point = scanner.peek()) {
    if (point === stop) {
      scanner.next();
      return { text, words: words.words() };
    }
    const piece = readPiece(reading, point);
    text += piece.text;
    checkLength(reading, text);
    if (piece.quoted) words.addQuoted(piece.text);
    else words.add(piece.text);
  }
  if (stop !== '') throw syntaxError(`unexpected end of statement while looking for matching ${stop}`);
  return { text, words: words.words() };
}

function checkLength({ maxChars }: Reading, text: string): void {
  if (text.length > maxChars) throw syntaxError('the value is too long');
}

interface Piece {
  readonly text: string;
  /** Blanks in it do not separate words. */
  readonly quoted: boolean;
}

function readPiece(reading: Reading, point: string): Piece {
  const { scanner, options } = reading;
  if (point === '$') return { text: readDollar(reading), quoted: false };
  if (point === "'" && !options.plainQuotes) return { text: readSingleQuoted(reading), quoted: true };
  if (point === '"' && !options.plainQuotes) return { text: readDoubleQuoted(reading), quoted: true };
  scanner.next();
  if (point !== options.escape) return { text: point, quoted: false };
  return { text: `${options.rawEscapes ? point : ''}${scanner.next()}`, quoted: true };
}

function readSingleQuoted({ scanner, options }: Reading): string {
  const quote = scanner.next();
  let text = '';
  for (let point = scanner.next(); point !== quote; point = scanner.next()) {
    if (point === '') throw syntaxError('unexpected end of statement while looking for matching single-quote');
    text += point;
  }
  return options.rawQuotes ? `${quote}${text}${quote}` : text;
}

function readDoubleQuoted(reading: Reading): string {
  const { scanner, options } = reading;
  const quote = scanner.next();
  let text = '';
  for (let point = scanner.peek(); point !== quote; point = scanner.peek()) {
    if (point === '') throw syntaxError('unexpected end of statement while looking for matching double-quote');
    checkLength(reading, text);
    if (point === '$') text += readDollar(reading);
    else text += readDoubleQuotedPoint(reading);
  }
  scanner.next();
  return options.rawQuotes ? `${quote}${text}${quote}` : text;
}

/** Inside double quotes only `"`, `$` and the escape character itself can be escaped. */
function readDoubleQuotedPoint({ scanner, options }: Reading): string {
  const point = scanner.next();
  if (point !== options.escape) return point;
  const kept = options.rawEscapes ? point : '';
  const after = scanner.peek();
  if (after === '') return kept;
  return `${kept}${['"', '$', options.escape].includes(after) ? scanner.next() : point}`;
}

function readDollar(reading: Reading): string {
  const { scanner, find, options } = reading;
  scanner.next();
  if (scanner.peek() !== '{') {
    const name = readName(scanner);
    if (name === '') return '$';
    const value = find(name);
    return value ?? (options.keepUnset ? `$${name}` : '');
  }
  scanner.next();
  const first = scanner.peek();
  if (first === '') throw syntaxError("syntax error: missing '}'");
  if ('{}:'.includes(first)) throw syntaxError('syntax error: bad substitution');
  return substitute({ ...reading, depth: reading.depth + 1 }, readName(scanner));
}

/** Letters, digits and `_`; a name that begins with a digit is all digits; or one of the shell's special parameters. */
function readName(scanner: Scanner): string {
  const first = scanner.peek();
  if ('@*#?-$!'.includes(first) && first !== '') return scanner.next();
  const allowed = /\p{Nd}/u.test(first) ? /\p{Nd}/u : /[\p{L}\p{Nd}_]/u;
  let name = '';
  while (allowed.test(scanner.peek())) name += scanner.next();
  return name;
}
