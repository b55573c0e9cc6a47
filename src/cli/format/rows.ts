import { isKind, KnownError } from '../../lib/errors.ts';
import type { RowType } from './row-type.ts';
import { alignTabs } from './tabwriter.ts';
import { encodeJson } from './template/json.ts';
import { parseTemplate } from './template/template.ts';
import { type Member, type Struct, toDictionary, type Value } from './template/value.ts';

/**
 * Rows by a template: `table TEMPLATE` with a line of headings, `json`, or a template for each row; `\t` and `\n` in it stand
 * for the characters. Errors: invalid_parameter `template parsing error: ...`.
 */
export function formatTemplateRows<Row>(rowType: RowType<Row>, rows: readonly Row[], format: string): string {
  const table = format.startsWith('table');
  const source = table ? format.slice('table'.length) : format === 'json' ? '{{json .}}' : format;
  return parsing('template parsing error', () => {
    const template = parseTemplate(source.trim().replaceAll('\\t', '\t').replaceAll('\\n', '\n'));
    const lines = rows.map((row) => `${template.execute(toStruct(rowType, row))}\n`).join('');
    return table ? alignTabs(`${template.executeHeader(titles(rowType))}\n${lines}`) : lines;
  });
}

/**
 * Runs the template on one row before anything is asked of the daemon: its mistakes show early, and the answer is which
 * fields it uses. Errors: invalid_parameter `failed to execute template: ...`.
 */
export function fieldsUsed<Row>(rowType: RowType<Row>, sample: Row, format: string): ReadonlySet<string> {
  const template = parsing('failed to parse template', () => parseTemplate(format));
  const used = new Set<string>();
  const struct = toStruct(rowType, sample);
  const watched: Struct = {
    ...struct,
    member: (name) => {
      used.add(name);
      return struct.member(name);
    },
  };
  parsing('failed to execute template', () => template.execute(watched));
  return used;
}

function parsing<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!isKind(error, 'invalid_parameter', 'not_implemented')) throw error;
    throw new KnownError(error.kind, `${what}: ${error.message}`, { cause: error });
  }
}

/** A row as templates see it. */
export function toStruct<Row>(rowType: RowType<Row>, row: Row): Struct {
  const { columns, labels } = rowType;
  const valueOf = (name: string): Value => columns[name]?.value?.(row) ?? columns[name]?.text(row);
  const shown = Object.keys(columns).filter((name) => !columns[name]?.hidden);
  return {
    kind: 'struct',
    type: rowType.type,
    member: (name): Member | undefined => {
      if (name === 'Label' && labels) return labelMember((key) => labels(row)?.[key] ?? '');
      return Object.hasOwn(columns, name) ? { kind: 'value', value: valueOf(name) } : undefined;
    },
    values: () => shown.map(valueOf),
    json: () => encodeJson(toDictionary(new Map(shown.map((name) => [name, valueOf(name)])), ''), true),
  };
}

function titles<Row>(rowType: RowType<Row>): Struct {
  return {
    kind: 'struct',
    type: 'formatter.SubHeaderContext',
    member: (name) => {
      if (name === 'Label' && rowType.labels) return labelMember(labelTitle);
      const title = Object.hasOwn(rowType.columns, name) ? rowType.columns[name]?.title : undefined;
      return { kind: 'value', value: title };
    },
    values: () => [],
    json: () => '{}',
  };
}

function labelMember(find: (key: string) => string): Member {
  return { kind: 'method', arity: 1, call: ([key]) => find(typeof key === 'string' ? key : '') };
}

/** The heading of a label: the last part of its name, dashes and underscores as spaces. */
function labelTitle(key: string): string {
  return (key.split('.').at(-1) ?? '').replace(/[-_]/g, ' ');
}
