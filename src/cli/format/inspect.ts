import { messageOf } from '../../lib/errors.ts';
import type { CommandContext } from '../command.ts';
import { ExitError } from '../exit-error.ts';
import { compactJson, indentJson } from './indent.ts';

/** An object as the daemon described it. */
export interface Inspected {
  readonly json: string;
  /** Its Go type, for templates: `container.InspectResponse`. */
  readonly type: string;
}

const BAD_TEMPLATE_STATUS = 64;

/**
 * Prints what `inspect` found: an array of four spaces' indent, `json` on one line, or a template for each. What was found is
 * printed even when others were not. Resolves with 0. Errors: ExitError with one line for each failure; status 64 for a bad
 * template. `pretty` prints an object when the format is that word.
 */
export async function printInspected(
  { out }: CommandContext,
  names: readonly string[],
  format: string,
  fetch: (name: string) => Promise<Inspected>,
  pretty?: (json: string) => string,
): Promise<number> {
  const inspector = await chooseInspector(format, pretty);
  const found: string[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      const { json, type } = await fetch(name);
      found.push(inspector === undefined ? json : inspector.format(json, type));
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  out(inspector === undefined ? formatArray(found, format) : found.join('') || '\n');
  if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
  return 0;
}

async function chooseInspector(
  format: string,
  pretty: ((json: string) => string) | undefined,
): Promise<{ format(json: string, type: string): string } | undefined> {
  if (pretty && format === 'pretty') return { format: pretty };
  return format === '' || format === 'json' ? undefined : await loadInspector(format);
}

async function loadInspector(format: string): Promise<{ format(json: string, type: string): string }> {
  const { createInspector } = await import('./shape/inspect.ts');
  const { OBJECT_SHAPES } = await import('./shape/object.ts');
  try {
    return createInspector(format, OBJECT_SHAPES);
  } catch (error) {
    throw new ExitError(BAD_TEMPLATE_STATUS, messageOf(error));
  }
}

function formatArray(found: readonly string[], format: string): string {
  const array = `[${found.map((json) => json.trim()).join(',')}]`;
  return `${format === 'json' ? compactJson(array) : indentJson(array)}\n`;
}
