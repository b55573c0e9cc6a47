import type { Filters } from '../../api/filters.ts';
import type { EventMessage } from '../../api/types/event.ts';

/** Actions that carry a command or a value behind them and match by their beginning. */
const BY_PREFIX = ['health_status', 'exec_create', 'exec_start'];

/** Docker's rules: keys are AND, values OR, labels AND. */
export function matchesEvent(event: EventMessage, filters: Filters): boolean {
  const attributes = event.Actor?.Attributes ?? {};
  const named =
    (type: string) =>
    (value: string): boolean =>
      event.Type === type &&
      (event.Actor?.ID === value || event.Actor?.ID?.startsWith(value) === true || attributes['name'] === value);
  const tests: Readonly<Record<string, (value: string) => boolean>> = {
    type: (value) => event.Type === value,
    event: (value) => event.Action === value || (BY_PREFIX.includes(value) && event.Action?.startsWith(value) === true),
    scope: (value) => event.scope === value,
    container: named('container'),
    volume: named('volume'),
    network: named('network'),
    daemon: named('daemon'),
    image: (value) =>
      named('image')(value) ||
      withoutTag(attributes['image'] ?? (event.Type === 'image' ? (attributes['name'] ?? '') : '')) === value ||
      attributes['image'] === value,
  };
  for (const [key, values] of filters) {
    if (key === 'label') {
      if (!values.every((value) => hasLabel(attributes, value))) return false;
    } else if (!values.some((value) => tests[key]?.(value) ?? false)) return false;
  }
  return true;
}

function hasLabel(attributes: Readonly<Record<string, string>>, wanted: string): boolean {
  const at = wanted.indexOf('=');
  return at === -1 ? wanted in attributes : attributes[wanted.slice(0, at)] === wanted.slice(at + 1);
}

function withoutTag(reference: string): string {
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}
