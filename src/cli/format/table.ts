import { alignTabs } from './tabwriter.ts';
import type { Value } from './template/value.ts';

/** One field of a list: `{{.Names}}` in a template, a column of a table. */
export interface Column<Row> {
  /** The heading: `NAMES`. */
  readonly title: string;
  readonly text: (row: Row) => string;
  /** What a template gets when that is no text. */
  readonly value?: (row: Row) => Value;
  /** Left out of JSON. */
  readonly hidden?: boolean;
}

/** What can be listed: fields by name, and how error messages call a row. */
export interface RowType<Row> {
  /** `*formatter.ContainerContext` */
  readonly type: string;
  readonly columns: Readonly<Record<string, Column<Row>>>;
  /** The labels behind `{{.Label "key"}}`; absent: there is no such function. */
  readonly labels?: (row: Row) => Readonly<Record<string, string>> | null | undefined;
}

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
