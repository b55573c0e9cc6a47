import type { SystemDataUsage } from '../../../api/types/system.ts';
import { parseSize } from '../../../lib/size.ts';
import type { Command, CommandContext } from '../../command.ts';
import { parseCacheFilters } from '../../format/build-cache-filter.ts';
import { formatFilters, parseFilter } from '../../format/filter-query.ts';
import { humanSize } from '../../format/size.ts';

interface Pruned {
  readonly CachesDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

const DANGLING = 'WARNING! This will remove all dangling build cache.';
const ALL = 'WARNING! This will remove all build cache.';

/** `docker builder prune`. */
export const prune: Command = {
  usage: 'docker builder prune',
  description: 'Remove build cache',
  flags: [
    { name: 'all', short: 'a', kind: 'bool', description: 'Remove all unused build cache, not just dangling ones' },
    {
      name: 'filter',
      kind: 'list',
      placeholder: 'filter',
      description: 'Provide filter values (e.g. "until=24h")',
      check: (text) => void (isPlain(text) ? parseFilter(text) : parseCacheFilters([text], 0)),
    },
    { name: 'force', short: 'f', kind: 'bool', description: 'Do not prompt for confirmation' },
    {
      name: 'keep-storage',
      kind: 'string',
      placeholder: 'bytes',
      description: 'Amount of disk space to keep for cache',
      check: (text) => void parseSize(text),
    },
  ],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const all = flags.bool('all');
    const keep = flags.text('keep-storage');
    if (!flags.bool('force') && !(await asks(context, all ? ALL : DANGLING))) return 0;
    const configured = context.config.raw['pruneFilters'];
    const given = [...flags.list('filter'), ...(Array.isArray(configured) ? configured.map(String) : [])];
    const filters = given.every(isPlain) ? given : await filtersById(context, given);
    const query = {
      all: all ? '1' : undefined,
      filters: formatFilters(filters),
      'keep-storage': keep === '' ? undefined : parseSize(keep),
    };
    const report = await context.api.json<Pruned>('POST', '/build/prune', { query });
    const deleted = report.CachesDeleted ?? [];
    if (deleted.length > 0) context.out(`Deleted build cache objects:\n${deleted.map((id) => `${id}\n`).join('')}\n`);
    context.out(`Total reclaimed space: ${humanSize(report.SpaceReclaimed ?? 0)}\n`);
    return 0;
  },
};

/** `KEY=value`, which the API takes; buildx's other forms are read here. */
function isPlain(filter: string): boolean {
  return filter === '' || /^(?:[\w-]+|label!)=(?!=)/.test(filter);
}

/** Records that filters take which the API has no words for, by their ids; none is an id that nothing has. */
async function filtersById({ api }: CommandContext, given: readonly string[]): Promise<readonly string[]> {
  const { BuildCache } = await api.json<SystemDataUsage>('GET', '/system/df', { query: { type: 'build-cache' } });
  const ids = (BuildCache ?? []).filter(parseCacheFilters(given, Date.now())).map(({ ID }) => `id=${ID}`);
  return ids.length === 0 ? ['id=none'] : ids;
}

async function asks(context: CommandContext, warning: string): Promise<boolean> {
  const { confirm } = await import('../../terminal/confirm.ts');
  return await confirm(context, `${warning} Are you sure you want to continue?`);
}
