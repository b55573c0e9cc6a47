import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { AnnotationRequest } from './request.ts';

/** What is to be written at a level, for a platform (undefined: of an index), by key; what was asked for last wins. */
export function annotationsFor(
  asked: readonly AnnotationRequest[],
  level: AnnotationRequest['level'],
  platform: Platform | undefined,
): Readonly<Record<string, string>> {
  const chosen = asked.filter((one) => one.level === level && isMeant(one, platform));
  // those for one platform win over those for each
  const ordered = chosen.toSorted((a, b) => Number(a.platform !== undefined) - Number(b.platform !== undefined));
  const values = new Map(ordered.map(({ key, value }) => [key, value]));
  return Object.fromEntries([...values].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isMeant({ platform: wanted }: AnnotationRequest, platform: Platform | undefined): boolean {
  if (wanted === undefined) return true;
  return platform !== undefined && formatPlatform(wanted) === formatPlatform(platform);
}
