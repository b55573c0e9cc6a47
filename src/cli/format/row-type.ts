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
