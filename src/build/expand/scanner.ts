/** Reads a text code point by code point, so that a quote or an escape never splits a character. */
export interface Scanner {
  /** The next code point without taking it; '' at the end. */
  peek(): string;
  /** Takes one code point; '' at the end. */
  next(): string;
}

export function createScanner(text: string): Scanner {
  const points = Array.from(text);
  let at = 0;
  return {
    peek: () => points[at] ?? '',
    next: () => points[at++] ?? '',
  };
}
