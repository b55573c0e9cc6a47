/** Rows as Go's tabwriter sets them: every cell but the last as wide as the widest of its column, and `gap` blanks. Each row ends its line. */
export function formatColumns(rows: readonly (readonly string[])[], gap: number): string {
  const widths = rows[0]?.map((_cell, column) =>
    rows.reduce((widest, row) => Math.max(widest, Array.from(row[column] ?? '').length), 0),
  );
  const pad = (cell: string, column: number, last: boolean): string => {
    const blanks = last ? 0 : (widths?.[column] ?? 0) + gap - Array.from(cell).length;
    return cell + ' '.repeat(blanks);
  };
  return rows
    .map((row) => `${row.map((cell, column) => pad(cell, column, column === row.length - 1)).join('')}\n`)
    .join('');
}
