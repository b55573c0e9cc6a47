/**
 * One pattern of a `.dockerignore`. `*` and `?` stay within a path segment, `[a-z]` is a class, `\` takes the next character as it
 * is, `**` crosses segments. All states are walked at once: no pattern takes exponential time on any path.
 */
import { KnownError } from '../../lib/errors.ts';

/** Whether a clean relative path is what the pattern says; folders above it are not looked at. */
export type PathTest = (path: string) => boolean;

type Item =
  | { readonly kind: 'literal'; readonly text: string }
  /** `?`, or with `repeat` `*`. */
  | { readonly kind: 'inSegment'; readonly repeat: boolean }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly Range[] }
  /** `**` before something: nothing, or anything that ends with a slash. */
  | { readonly kind: 'folders' }
  /** `**` at the end. */
  | { readonly kind: 'rest' };

interface Range {
  readonly from: string;
  readonly to: string;
}

/** Errors: invalid_parameter `syntax error in pattern`. */
export function compilePattern(pattern: string): PathTest {
  const items = parse(pattern);
  const plain = items.every((item) => item.kind === 'literal');
  if (plain) {
    const wanted = literalText(items);
    return (path) => path === wanted;
  }
  return suffixTest(pattern, items) ?? ((path) => walk(items, path));
}

/** `**` first and then only ordinary characters is an ending, even in the middle of a name: `**foo` takes `a/bfoo`. */
function suffixTest(pattern: string, [first, ...others]: readonly Item[]): PathTest | undefined {
  if (first?.kind === 'rest') return () => true;
  if (first?.kind !== 'folders' || pattern.includes('\\') || others.some((item) => item.kind !== 'literal'))
    return undefined;
  const suffix = pattern.slice(2);
  return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
}

function literalText(items: readonly Item[]): string {
  return items.map((item) => (item.kind === 'literal' ? item.text : '')).join('');
}

function parse(pattern: string): readonly Item[] {
  const points = Array.from(pattern);
  const items: Item[] = [];
  let at = 0;
  while (at < points.length) {
    const point = points[at] ?? '';
    if (point === '*' && points[at + 1] === '*') {
      at += points[at + 2] === '/' ? 3 : 2;
      items.push({ kind: at >= points.length ? 'rest' : 'folders' });
    } else if (point === '[') {
      const read = parseClass(points, at + 1);
      items.push(read.item);
      at = read.end;
    } else if (point === '\\') {
      items.push({ kind: 'literal', text: points[at + 1] ?? badPattern() });
      at += 2;
    } else {
      items.push(simpleItem(point));
      at += 1;
    }
  }
  return items;
}

function simpleItem(point: string): Item {
  if (point === '*' || point === '?') return { kind: 'inSegment', repeat: point === '*' };
  return { kind: 'literal', text: point };
}

/** From after `[`; the rules are those of Go's filepath.Match: at least one range, `-` and `]` only escaped. */
function parseClass(points: readonly string[], start: number): { readonly item: Item; readonly end: number } {
  const negated = points[start] === '^';
  const ranges: Range[] = [];
  let at = negated ? start + 1 : start;
  while (points[at] !== ']' || ranges.length === 0) {
    const from = classPoint(points, at);
    at = from.end;
    let to = from.point;
    if (points[at] === '-') {
      const upper = classPoint(points, at + 1);
      to = upper.point;
      at = upper.end;
    }
    if (compare(from.point, to) > 0) badPattern();
    ranges.push({ from: from.point, to });
  }
  return { item: { kind: 'class', negated, ranges }, end: at + 1 };
}

function classPoint(points: readonly string[], at: number): { readonly point: string; readonly end: number } {
  const point = points[at];
  if (point === undefined || point === '-' || point === ']') return badPattern();
  if (point !== '\\') return { point, end: at + 1 };
  return { point: points[at + 1] ?? badPattern(), end: at + 2 };
}

function compare(left: string, right: string): number {
  return (left.codePointAt(0) ?? 0) - (right.codePointAt(0) ?? 0);
}

function badPattern(): never {
  throw new KnownError('invalid_parameter', 'syntax error in pattern');
}

function walk(items: readonly Item[], path: string): boolean {
  let states = reachable([0], items);
  for (const point of path) {
    states = reachable(
      [...states].flatMap((state) => step(items, state, point)),
      items,
    );
    if (states.size === 0) return false;
  }
  return states.has(items.length);
}

/**
 * States after `point`. A walk inside a `folders` item has a state of its own, past the end of the list: it is left only behind a
 * slash, while the item itself can be skipped.
 */
function step(items: readonly Item[], state: number, point: string): readonly number[] {
  const past = items.length + 1;
  const index = state >= past ? state - past : state;
  const item = items[index];
  switch (item?.kind) {
    case undefined:
      return [];
    case 'literal':
      return item.text === point ? [index + 1] : [];
    case 'inSegment':
      if (point === '/') return [];
      return [item.repeat ? index : index + 1];
    case 'class':
      return inClass(item, point) ? [index + 1] : [];
    case 'rest':
      return [index];
    case 'folders':
      return point === '/' ? [index + past, index + 1] : [index + past];
  }
}

function inClass({ negated, ranges }: Extract<Item, { readonly kind: 'class' }>, point: string): boolean {
  return negated !== ranges.some(({ from, to }) => compare(from, point) <= 0 && compare(point, to) <= 0);
}

/** What can be skipped adds the states behind it. */
function reachable(start: readonly number[], items: readonly Item[]): Set<number> {
  const states = new Set(start);
  for (const state of states) {
    const item = items[state];
    const skippable = item?.kind === 'folders' || item?.kind === 'rest' || (item?.kind === 'inSegment' && item.repeat);
    if (skippable) states.add(state + 1);
  }
  return states;
}
