import { parseDecimal } from './flags/number.ts';
import { cut, invalid } from './invalid.ts';

const NAMES = new Set(
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

export interface Ulimit {
  readonly Name: string;
  readonly Hard: number;
  readonly Soft: number;
}

/** `nofile=1024[:2048]`; -1 is no limit. Errors: invalid_parameter. */
export function parseUlimit(text: string): Ulimit {
  const [name, limits] = cut(text, '=');
  if (limits === undefined) throw invalid(`invalid ulimit argument: ${text}`);
  if (!NAMES.has(name)) throw invalid(`invalid ulimit type: ${name}`);
  const parts = limits.split(':');
  if (parts.length > 2) {
    throw invalid(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  }
  const [soft = 0, hard = soft] = parts.map(parseDecimal);
  const order = 'ulimit soft limit must be less than or equal to hard limit';
  if (hard !== -1 && soft === -1) throw invalid(`${order}: soft: -1 (unlimited), hard: ${hard}`);
  if (hard !== -1 && soft > hard) throw invalid(`${order}: ${soft} > ${hard}`);
  return { Name: name, Hard: hard, Soft: soft };
}

/** By name; the last of a name counts. */
export function mergeUlimits(ulimits: readonly Ulimit[]): readonly Ulimit[] {
  const byName = new Map(ulimits.map((one) => [one.Name, one]));
  return [...byName.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
}
