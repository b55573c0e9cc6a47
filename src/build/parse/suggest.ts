/** The text, with ` (did you mean X?)` when an option is at most two edits away from what was written. */
export function withSuggestion(
  message: string,
  written: string,
  options: readonly string[],
  ignoreCase = false,
): string {
  const match = nearest(written, options, ignoreCase);
  return match === undefined ? message : `${message} (did you mean ${match}?)`;
}

/** Undefined when nothing is near, or when it is one of the options already. */
export function nearest(written: string, options: readonly string[], ignoreCase = false): string | undefined {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const word = fold(written);
  if (word.length > MAX_CHARS || options.some((option) => fold(option) === word)) return undefined;
  let best: { readonly option: string; readonly distance: number } | undefined;
  for (const option of options) {
    const distance = editDistance(word, fold(option));
    if (distance < (best?.distance ?? TOO_FAR)) best = { option, distance };
  }
  return best?.option;
}

const TOO_FAR = 3;
const MAX_CHARS = 256;

/** Levenshtein's, with one row of the table kept. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_none, index) => index);
  for (let line = 1; line <= left.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[line - 1] === right[column - 1] ? 0 : 1;
      next.push(Math.min((row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (row[column - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
