import type { Flags } from '../../../lib/flags/flag.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { Command } from '../../command.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { humanSize } from '../../format/size.ts';

interface Pruned {
  readonly VolumesDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

const SURE = 'Are you sure you want to continue?';
const ANONYMOUS = `WARNING! This will remove anonymous local volumes not used by at least one container.\n${SURE}`;
const EVERY = `WARNING! This will remove all local volumes not used by at least one container.\n${SURE}`;

/** `docker volume prune`. */
export const prune: Command = {
  usage: 'docker volume prune [OPTIONS]',
  description: 'Remove unused local volumes',
  flags: [
    { name: 'all', short: 'a', kind: 'bool', description: 'Remove all unused volumes, not just anonymous ones' },
    {
      name: 'filter',
      kind: 'list',
      placeholder: 'filter',
      description: 'Provide filter values (e.g. "label=<label>")',
      ...(FILTER_FLAG.check ? { check: FILTER_FLAG.check } : {}),
    },
    { name: 'force', short: 'f', kind: 'bool', description: 'Do not prompt for confirmation' },
  ],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const configured = context.config.raw['pruneFilters'];
    const given = [...flags.list('filter'), ...(Array.isArray(configured) ? configured.map(String) : [])];
    const fixed = allOf(flags, given);
    const question = fixed['all'] === undefined ? ANONYMOUS : EVERY;
    if (!flags.bool('force') && !(await (await import('../../terminal/confirm.ts')).confirm(context, question)))
      return 0;
    const pruned = await context.api.json<Pruned>('POST', '/volumes/prune', {
      query: { filters: formatFilters(given, fixed) },
    });
    const deleted = pruned.VolumesDeleted ?? [];
    if (deleted.length > 0) context.out(`Deleted Volumes:\n${deleted.join('\n')}\n\n`);
    context.out(`Total reclaimed space: ${humanSize(pruned.SpaceReclaimed ?? 0)}\n`);
    return 0;
  },
};

function allOf(flags: Flags, given: readonly string[]): Readonly<Record<string, string>> {
  if (!flags.bool('all')) return {};
  if (given.some((text) => text.startsWith('all=')))
    throw invalid('conflicting options: cannot specify both --all and --filter all=1');
  return { all: 'true' };
}
