import type { Command, CommandContext } from '../../command.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { humanSize } from '../../format/size.ts';

interface Pruned {
  readonly ContainersDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

/** `docker container prune`. */
export const prune: Command = {
  usage: 'docker container prune [OPTIONS]',
  description: 'Remove all stopped containers',
  flags: [
    {
      name: 'filter',
      kind: 'list',
      placeholder: 'filter',
      description: 'Provide filter values (e.g. "until=<timestamp>")',
      ...(FILTER_FLAG.check ? { check: FILTER_FLAG.check } : {}),
    },
    { name: 'force', short: 'f', kind: 'bool', description: 'Do not prompt for confirmation' },
  ],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const question = 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue?';
    if (!flags.bool('force') && !(await (await import('../../terminal/confirm.ts')).confirm(context, question)))
      return 0;
    const configured = context.config.raw['pruneFilters'];
    const given = [...flags.list('filter'), ...(Array.isArray(configured) ? configured.map(String) : [])];
    const query = { filters: formatFilters(given) };
    const pruned = await context.api.json<Pruned>('POST', '/containers/prune', { query });
    report(context, pruned);
    return 0;
  },
};

function report({ out }: CommandContext, pruned: Pruned): void {
  const deleted = pruned.ContainersDeleted ?? [];
  if (deleted.length > 0) out(`Deleted Containers:\n${deleted.join('\n')}\n\n`);
  out(`Total reclaimed space: ${humanSize(pruned.SpaceReclaimed ?? 0)}\n`);
}
