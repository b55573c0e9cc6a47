import type { EscapeCharacter } from '../expand/reading.ts';

/** An instruction's text, its continuation lines joined. */
export interface LogicalLine {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly comments: readonly string[];
  readonly hasEmptyContinuation: boolean;
}

export interface LineReader {
  /** The next instruction; undefined at the end. */
  next(): LogicalLine | undefined;
  /** The next line as it stands, with its line end. */
  nextRaw(): string | undefined;
  /** Number of the last line that was taken. */
  position(): number;
}

/** `directiveCount`: how many lines at the top are directives, which are no comments of an instruction. */
export function createLineReader(
  lines: readonly string[],
  escape: EscapeCharacter,
  directiveCount: number,
): LineReader {
  let at = 0;
  const continuation = escape === '\\' ? /(^|[^\\])\\[ \t]*$/ : /(^|[^`])`[ \t]*$/;

  const next = (): LogicalLine | undefined => {
    let comments: string[] = [];
    for (let raw = lines[at]; raw !== undefined; raw = lines[at]) {
      at += 1;
      const line = bare(raw).trimStart();
      const comment = line.startsWith('#') ? line.slice(1).trim() : undefined;
      if (line !== '' && comment === undefined) return { ...join(line), comments };
      if (at <= directiveCount) continue;
      if (comment) comments.push(comment);
      // an empty line or an empty comment ends the block above it
      else comments = [];
    }
    return undefined;
  };

  const join = (first: string): Omit<LogicalLine, 'comments'> => {
    const start = at;
    let text = first.replace(continuation, '$1');
    let continued = continuation.test(first);
    let hasEmptyContinuation = false;
    for (let raw = lines[at]; continued && raw !== undefined; raw = lines[at]) {
      at += 1;
      const line = bare(raw);
      if (line.trimStart().startsWith('#')) continue;
      if (line.trim() === '') {
        hasEmptyContinuation = true;
        continue;
      }
      text += line.replace(continuation, '$1');
      continued = continuation.test(line);
    }
    return { text, start, end: at, hasEmptyContinuation };
  };

  return { next, nextRaw: () => lines[at++], position: () => Math.min(at, lines.length) };
}

function bare(line: string): string {
  return line.replace(/[\r\n]+$/, '');
}
