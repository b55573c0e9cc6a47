import { KnownError } from './errors.ts';

/** What a parser throws: an invalid_parameter. */
export function invalid(message: string): KnownError {
  return new KnownError('invalid_parameter', message);
}

/** `text` in front of and behind the first `mark`; behind is undefined without one. */
export function cut(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}
