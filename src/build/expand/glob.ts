/**
 * The patterns of `${v#p}`, `${v%p}` and `${v/p/r}`: `*` is any text, `?` any character (neither crosses a line), a backslash takes
 * `*`, `?` or itself literally. Matching walks all states at once, so that no pattern takes exponential time.
 */
import { KnownError } from '../../lib/errors.ts';

type Item = { readonly kind: 'star' } | { readonly kind: 'any' } | { readonly kind: 'literal'; readonly text: string };
export type Glob = readonly Item[];

/** Above this many elementary steps a replacement is refused. */
const MAX_WORK = 400_000_000;

/** Errors: invalid_parameter naming the escape that means nothing. */
export function parseGlob(pattern: string): Glob {
  const points = Array.from(pattern);
  const items: Item[] = [];
  for (let at = 0; at < points.length; at += 1) {
    const point = points[at] ?? '';
    if (point === '*') items.push({ kind: 'star' });
    else if (point === '?') items.push({ kind: 'any' });
    else if (point === '\\') {
      at += 1;
      items.push({ kind: 'literal', text: escaped(points[at]) });
    } else items.push({ kind: 'literal', text: point });
  }
  return items;
}

function escaped(point: string | undefined): string {
  if (point !== undefined && '*?\\}/'.includes(point)) return point;
  throw new KnownError('invalid_parameter', `invalid escape '\\${point ?? ''}'`);
}

/** `value` without the part at its start that matches: the longest such part, or the shortest. */
export function trimStart(value: string, glob: Glob, longest: boolean): string {
  const points = Array.from(value);
  const end = matchEnd(points, 0, glob, longest);
  return end === undefined ? value : points.slice(end).join('');
}

/** `value` without the part at its end that matches. */
export function trimEnd(value: string, glob: Glob, longest: boolean): string {
  const backwards = Array.from(value).reverse();
  const end = matchEnd(backwards, 0, glob.toReversed(), longest);
  return end === undefined ? value : backwards.slice(end).reverse().join('');
}

/** The first match (or all, left to right, none overlapping) replaced; each match is the longest at its place. */
export function replaceMatches(
  value: string,
  glob: Glob,
  replacement: string,
  { all, maxChars }: { readonly all: boolean; readonly maxChars: number },
): string {
  const points = Array.from(value);
  if (points.length * points.length * (glob.length + 1) > MAX_WORK) {
    throw new KnownError('invalid_parameter', 'the value is too long for a pattern substitution');
  }
  let result = '';
  let at = 0;
  let afterMatch = -1;
  while (at <= points.length) {
    const end = matchEnd(points, at, glob, true);
    if (end === undefined || (end === at && at === afterMatch)) {
      result += points[at] ?? '';
      at += 1;
      continue;
    }
    result += replacement;
    if (result.length > maxChars) throw new KnownError('invalid_parameter', 'the value is too long');
    if (!all) return result + points.slice(end).join('');
    afterMatch = end;
    if (end === at) result += points[at] ?? '';
    at = end === at ? at + 1 : end;
  }
  return result;
}

/** Where the match that begins at `from` ends. */
function matchEnd(points: readonly string[], from: number, glob: Glob, longest: boolean): number | undefined {
  let states = closure(new Set([0]), glob);
  let found: number | undefined;
  for (let at = from; states.size > 0; at += 1) {
    if (states.has(glob.length)) {
      found = at;
      if (!longest) return found;
    }
    const point = points[at];
    if (point === undefined) break;
    states = closure(step(states, glob, point), glob);
  }
  return found;
}

function step(states: ReadonlySet<number>, glob: Glob, point: string): Set<number> {
  const next = new Set<number>();
  for (const state of states) {
    const item = glob[state];
    if (item === undefined) continue;
    if (item.kind === 'star' && point !== '\n') next.add(state);
    if (item.kind === 'any' && point !== '\n') next.add(state + 1);
    if (item.kind === 'literal' && item.text === point) next.add(state + 1);
  }
  return next;
}

/** A star may match nothing: the states after it are reached too. */
function closure(states: Set<number>, glob: Glob): Set<number> {
  for (const state of states) if (glob[state]?.kind === 'star') states.add(state + 1);
  return states;
}
