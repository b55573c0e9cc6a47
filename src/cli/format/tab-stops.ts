import { textColumns } from './ellipsis.ts';

const STOP = 8;

/** Rows whose cells are set apart by tabs to stops of 8, as Go's text/tabwriter with a minimum of 1, padding of 1 and tabs does; a line each. */
export function alignByTabs(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.slice(0, -1).entries())
      widths[column] = Math.max(widths[column] ?? 0, Math.ceil((textColumns(cell) + 1) / STOP) * STOP);
  const padded = (cell: string, column: number): string =>
    cell + '\t'.repeat(Math.ceil(((widths[column] ?? 0) - textColumns(cell)) / STOP));
  return rows.map((row) => `${row.slice(0, -1).map(padded).join('')}${row.at(-1) ?? ''}\n`).join('');
}
