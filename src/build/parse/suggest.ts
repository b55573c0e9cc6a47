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

/** Undefined when nothing is near, or when it is one of the options already. Where case does not count the match takes the case of what was written. */
export function nearest(written: string, options: readonly string[], ignoreCase = false): string | undefined {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const word = fold(written);
  if (word.length > MAX_CHARS || options.some((option) => fold(option) === word)) return undefined;
  let best: { readonly option: string; readonly distance: number } | undefined;
  for (const option of options) {
    const distance = editDistance(word, fold(option));
    if (distance < (best?.distance ?? TOO_FAR)) best = { option: fold(option), distance };
  }
  return best === undefined || !ignoreCase ? best?.option : caseOf(written, best.option);
}

function caseOf(written: string, lower: string): string {
  return written !== written.toLowerCase() && written === written.toUpperCase() ? lower.toUpperCase() : lower;
}

/** `nearest` for as many names as there may be: after a number of comparisons there are no more hints. */
export function createHints(): (written: string, options: readonly string[]) => string | undefined {
  let left = MAX_COMPARISONS;
  return (written, options) => {
    left -= options.length;
    return left < 0 ? undefined : nearest(written, options);
  };
}

const MAX_COMPARISONS = 5_000_000;
const TOO_FAR = 3;
const MAX_CHARS = 256;
const BAND = [-2, -1, 0, 1, 2];

/** Levenshtein's, given up at TOO_FAR: only the cells that near the diagonal are looked at, `row[0]` the first of them. */
function editDistance(left: string, right: string): number {
  if (Math.abs(left.length - right.length) >= TOO_FAR) return TOO_FAR;
  let row = BAND.map((offset) => (offset < 0 ? TOO_FAR : offset));
  for (let line = 1; line <= left.length; line += 1) {
    const next: number[] = [];
    for (const [cell, offset] of BAND.entries()) {
      const column = line + offset;
      const same = left[line - 1] === right[column - 1] ? 0 : 1;
      const inside = column > 0 && column <= right.length;
      const reached = Math.min(
        (row[cell + 1] ?? TOO_FAR) + 1,
        (next[cell - 1] ?? TOO_FAR) + 1,
        (row[cell] ?? TOO_FAR) + same,
      );
      next.push(column === 0 ? line : inside ? reached : TOO_FAR);
    }
    if (Math.min(...next) >= TOO_FAR) return TOO_FAR;
    row = next;
  }
  return row[BAND.indexOf(right.length - left.length)] ?? TOO_FAR;
}
