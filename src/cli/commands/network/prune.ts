import type { Command } from '../../command.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';

const QUESTION =
  'WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?';

/** `docker network prune`. */
export const prune: Command = {
  usage: 'docker network prune [OPTIONS]',
  description: 'Remove all unused networks',
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
    if (!flags.bool('force') && !(await (await import('../../terminal/confirm.ts')).confirm(context, QUESTION)))
      return 0;
    const configured = context.config.raw['pruneFilters'];
    const given = [...flags.list('filter'), ...(Array.isArray(configured) ? configured.map(String) : [])];
    const query = { filters: formatFilters(given) };
    const { NetworksDeleted } = await context.api.json<{ readonly NetworksDeleted?: readonly string[] | null }>(
      'POST',
      '/networks/prune',
      { query },
    );
    const deleted = NetworksDeleted ?? [];
    if (deleted.length > 0) context.out(`Deleted Networks:\n${deleted.join('\n')}\n\n`);
    return 0;
  },
};
