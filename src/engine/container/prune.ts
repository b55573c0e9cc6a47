import type { Filters } from '../../api/filters.ts';
import { isKind } from '../../lib/errors.ts';
import { type ContainerContext, isCurrent } from './context.ts';
import { invalid } from './errors.ts';
import { matchesLabels } from './list-filter.ts';
import type { LiveContainer } from './live.ts';
import { removeContainer } from './remove.ts';
import { STEP_LABEL } from './step-label.ts';

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Removes containers that do not run and are not of a build. Errors: invalid_parameter for a bad `until`. */
export async function pruneContainers(
  ctx: ContainerContext,
  filters: Filters,
): Promise<{ readonly deleted: readonly string[]; readonly reclaimedBytes: number }> {
  const until = parseUntil(filters.get('until') ?? [], Date.now());
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const live of ctx.table.all()) {
    if (!isPrunable(live, until, filters)) continue;
    const { id } = live.record;
    const bytes = await ctx.bundles.sizeBytes(ctx.layers.rootfs(id).upper);
    const removed = await ctx.locked(id, () => removeIfPrunable(ctx, live, until, filters));
    if (!removed) continue;
    deleted.push(id);
    reclaimedBytes += bytes;
  }
  const attributes = { reclaimed: String(reclaimedBytes) };
  ctx.events.publish({ type: 'container', action: 'prune', id: '', attributes });
  return { deleted, reclaimedBytes };
}

async function removeIfPrunable(
  ctx: ContainerContext,
  live: LiveContainer,
  until: number,
  filters: Filters,
): Promise<boolean> {
  if (!isCurrent(ctx, live) || !isPrunable(live, until, filters)) return false;
  try {
    await removeContainer(ctx, live, { volumes: false });
    return true;
  } catch (error) {
    if (isKind(error, 'conflict')) return false;
    throw error;
  }
}

function isPrunable({ record, session }: LiveContainer, until: number, filters: Filters): boolean {
  const labels = record.config.Labels ?? {};
  const unwanted = filters.get('label!') ?? [];
  return (
    !session &&
    labels[STEP_LABEL] === undefined &&
    (record.state.status === 'created' || record.state.status === 'exited' || record.state.status === 'dead') &&
    Date.parse(record.created) < until &&
    matchesLabels(labels, filters.get('label') ?? []) &&
    !unwanted.some((label) => matchesLabels(labels, [label]))
  );
}

/** A time before which a container must have been made: Unix seconds, a date, or a duration like `1h30m` before now. */
export function parseUntil(values: readonly string[], nowMs: number): number {
  const [value, ...more] = values;
  if (value === undefined) return Number.POSITIVE_INFINITY;
  if (more.length > 0) throw invalid("more than one 'until' filter specified");
  if (/^\d+(?:\.\d+)?$/.test(value)) return Number(value) * 1000;
  if (/^(?:\d+(?:\.\d+)?(?:h|ms|m|s))+$/.test(value)) return nowMs - parseDuration(value);
  const time = Date.parse(value);
  if (Number.isNaN(time)) throw invalid(`failed to parse value as time or duration: "${value}"`);
  return time;
}

function parseDuration(text: string): number {
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g);
  return [...parts].reduce((sum, [, number, unit = 's']) => sum + Number(number) * (UNITS[unit] ?? 0), 0);
}
