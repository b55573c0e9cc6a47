import { textColumns } from './ellipsis.ts';

/** How columns are laid out; docker's tables: 10 and 3. */
export interface TabLayout {
  readonly minWidth: number;
  readonly padding: number;
}

export const TABLE_LAYOUT: TabLayout = { minWidth: 10, padding: 3 };

/**
 * Aligns cells ended by tabs, as Go's text/tabwriter with spaces: a column is a run of lines that have it, and what follows
 * a line's last tab belongs to none.
 */
export function alignTabs(text: string, layout: TabLayout = TABLE_LAYOUT): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  return layOut(lines, [], layout).join('\n');
}

function layOut(
  lines: readonly (readonly string[])[],
  widths: readonly number[],
  layout: TabLayout,
): readonly string[] {
  const column = widths.length;
  const done: string[] = [];
  for (let start = 0; start < lines.length; ) {
    let end = start;
    let width = layout.minWidth;
    for (; end < lines.length && column < cells(lines[end]) - 1; end += 1) {
      width = Math.max(width, textColumns(lines[end]?.[column] ?? '') + layout.padding);
    }
    if (end > start) done.push(...layOut(lines.slice(start, end), [...widths, width], layout));
    else done.push(join(lines[start] ?? [], widths));
    start = Math.max(end, start + 1);
  }
  return done;
}

function join(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, at) => (at < widths.length ? cell + ' '.repeat((widths[at] ?? 0) - textColumns(cell)) : cell))
    .join('');
}

function cells(line: readonly string[] | undefined): number {
  return line?.length ?? 0;
}
