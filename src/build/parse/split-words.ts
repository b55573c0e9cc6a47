import type { EscapeCharacter } from '../expand/reading.ts';

/**
 * Words separated by blanks that are neither quoted nor escaped; quotes and escapes stay in the words, they are taken away when
 * variables are expanded. An escape character at the end is dropped.
 */
export function splitWords(text: string, escape: EscapeCharacter): readonly string[] {
  const words: string[] = [];
  let word = '';
  let started = false;
  let quote = '';
  const points = Array.from(text);
  const end = (): void => {
    if (started) words.push(word);
    word = '';
    started = false;
  };
  for (let at = 0; at < points.length; at += 1) {
    const point = points[at] ?? '';
    if (quote === '' && /\s/.test(point)) {
      end();
      continue;
    }
    if (point === escape && quote !== "'") {
      const next = points[at + 1];
      if (next === undefined) break;
      at += 1;
      word += `${point}${next}`;
      started = true;
      continue;
    }
    if (quote === '' && (point === '"' || point === "'")) quote = point;
    else if (point === quote) quote = '';
    word += point;
    started = true;
  }
  end();
  return words;
}
