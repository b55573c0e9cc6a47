/** Lines of a Dockerfile, counted from 1, both included. */
export interface Location {
  readonly start: number;
  readonly end: number;
}

/**
 * The lines around an error as BuildKit prints them: a title, a ruler, the lines (`>>>` before those that are meant) with two or
 * four of their neighbours, a ruler. '' when the location is outside the text.
 */
export function formatExcerpt(source: string, fileName: string, location: Location): string {
  const lines = source.split('\n');
  if (location.start < 1 || location.start > lines.length) return '';
  const end = Math.min(location.end, lines.length);
  const shown = widen({ start: location.start, end }, lines.length);
  const rows: string[] = [];
  for (let line = shown.start; line <= shown.end; line += 1) {
    const mark = line >= location.start && line <= end ? '>>>' : '   ';
    rows.push(` ${String(line).padStart(3)} | ${mark} ${lines[line - 1]}`);
  }
  const ruler = '-'.repeat(20);
  return `${fileName}:${location.start}\n${ruler}\n${rows.join('\n')}\n${ruler}\n`;
}

/** One line is shown with up to four neighbours, several lines with up to two. */
function widen({ start, end }: Location, lineCount: number): Location {
  const wanted = start === end ? 4 : 2;
  let [first, last] = [start, end];
  for (let added = 0; added < wanted; added += 1) {
    if (first > 1) {
      first -= 1;
      added += 1;
    }
    if (last !== lineCount) {
      last += 1;
      added += 1;
    }
  }
  return { start: first, end: last };
}
