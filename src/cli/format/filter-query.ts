import { KnownError } from '../../lib/errors.ts';
import type { Flag } from '../../lib/flags/flag.ts';

/** `--filter name=value` of lists and prunes. */
export const FILTER_FLAG: Flag = {
  name: 'filter',
  short: 'f',
  kind: 'list',
  placeholder: 'filter',
  description: 'Filter output based on conditions provided',
  check: (text) => {
    parseFilter(text);
  },
};

/** The `filters` parameter of the API: `{"label":{"a=b":true}}`; undefined without filters. */
export function formatFilters(
  given: readonly string[],
  fixed: Readonly<Record<string, string>> = {},
): string | undefined {
  const filters: Record<string, Record<string, boolean>> = {};
  const all = [...Object.entries(fixed), ...given.filter((text) => text !== '').map(parseFilter)];
  for (const [name, value] of all) (filters[name] ??= {})[value] = true;
  return all.length === 0 ? undefined : JSON.stringify(filters);
}

/** Name and value. Errors: invalid_parameter. */
export function parseFilter(text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (text !== '' && equals === -1) {
    throw new KnownError('invalid_parameter', 'bad format of filter (expected name=value)');
  }
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()];
}
