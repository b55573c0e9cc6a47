import { type Filters, isMatch } from '../../api/filters.ts';
import type { Volume } from '../../api/types/volume.ts';
import { KnownError } from '../../lib/errors.ts';

/** Volumes made without a name carry it; prune takes them alone unless told otherwise. */
export const ANONYMOUS = 'com.docker.volume.anonymous';

/** Go's strconv.ParseBool. */
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** The one switch under a key; undefined when it is not given. Errors: invalid_parameter for several, or another word. */
export function switchOf(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key);
  if (values === undefined || values.length === 0) return undefined;
  const [value = ''] = values;
  if (values.length > 1 || !(TRUE.includes(value) || FALSE.includes(value)))
    throw new KnownError('invalid_parameter', `invalid filter '${key}=[${values.join(' ')}]'`);
  return TRUE.includes(value);
}

/** Labels are AND. A name is a regular expression, or the name itself. */
export function matchesFilters({ Name = '', Driver = '', Labels }: Volume, isUsed: boolean, filters: Filters): boolean {
  const dangling = switchOf(filters, 'dangling');
  return (
    (dangling === undefined || dangling !== isUsed) &&
    (filters.get('driver')?.includes(Driver) ?? true) &&
    (filters.get('name')?.some((value) => value === Name || isMatch(value, Name)) ?? true) &&
    matchesLabels(Labels ?? {}, filters)
  );
}

export function matchesLabels(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  const has = (wanted: string): boolean => {
    const at = wanted.indexOf('=');
    return at === -1 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
  };
  return (filters.get('label') ?? []).every(has) && !(filters.get('label!') ?? []).some(has);
}
