import type { RowType } from './row-type.ts';
import { alignTabs } from './tabwriter.ts';

/**
 * The text of a list. `format` is what was given to --format: empty and `table` are the default columns, anything else is a
 * template, whose engine is loaded only then: `table TEMPLATE`, `json`, or a template for each row.
 * Errors: invalid_parameter `template parsing error: ...`.
 */
export async function formatRows<Row>(
  rowType: RowType<Row>,
  rows: readonly Row[],
  format: string,
  defaults: readonly string[],
): Promise<string> {
  if (format === '' || format === 'table') return formatTable(rowType, rows, defaults);
  const { formatTemplateRows } = await import('./rows.ts');
  return formatTemplateRows(rowType, rows, format);
}

/** A table of the named columns, ended by a newline. */
export function formatTable<Row>(rowType: RowType<Row>, rows: readonly Row[], names: readonly string[]): string {
  const columns = names.map((name) => rowType.columns[name]).filter((column) => column !== undefined);
  const head = columns.map((column) => column.title).join('\t');
  const lines = rows.map((row) => columns.map((column) => column.text(row)).join('\t'));
  return `${alignTabs([head, ...lines].join('\n'))}\n`;
}
