import type { Location } from '../parse/location.ts';

/** A place as BuildKit's answers hold it (solver/pb, Location): a range for every line. */
export interface JsonLocation {
  readonly ranges: readonly JsonRange[];
}

interface JsonRange {
  readonly start: JsonPosition;
  readonly end: JsonPosition;
}

interface JsonPosition {
  readonly line: number;
}

export function jsonLocation({ start, end }: Location): JsonLocation {
  const lines = Array.from({ length: Math.max(end, start) - start + 1 }, (_none, index) => start + index);
  return { ranges: lines.map((line) => ({ start: { line }, end: { line } })) };
}

/** JSON as Go's `MarshalIndent` writes it: two blanks, and no character that means something in HTML. */
export function goJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Bytes of a file in JSON. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
