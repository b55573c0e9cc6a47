import type { ImageDeleteResponseItem } from '../../../api/types/image.ts';
import type { Command, CommandContext } from '../../command.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { humanSize } from '../../format/size.ts';

interface Pruned {
  readonly ImagesDeleted?: readonly ImageDeleteResponseItem[] | null;
  readonly SpaceReclaimed?: number;
}

const DANGLING = 'WARNING! This will remove all dangling images.';
const UNUSED = 'WARNING! This will remove all images without at least one container associated to them.';

/** `docker image prune`. */
export const prune: Command = {
  usage: 'docker image prune [OPTIONS]',
  description: 'Remove unused images',
  flags: [
    { name: 'all', short: 'a', kind: 'bool', description: 'Remove all unused images, not just dangling ones' },
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
    const all = flags.bool('all');
    if (!flags.bool('force') && !(await asks(context, all ? UNUSED : DANGLING))) return 0;
    const configured = context.config.raw['pruneFilters'];
    const given = [...flags.list('filter'), ...(Array.isArray(configured) ? configured.map(String) : [])];
    const query = { filters: formatFilters(given, { dangling: all ? 'false' : 'true' }) };
    const report = await context.api.json<Pruned>('POST', '/images/prune', { query });
    const deleted = report.ImagesDeleted ?? [];
    const lines = deleted.map((item) =>
      item.Untagged ? `untagged: ${item.Untagged}\n` : `deleted: ${item.Deleted}\n`,
    );
    if (lines.length > 0) context.out(`Deleted Images:\n${lines.join('')}\n`);
    context.out(`Total reclaimed space: ${humanSize(report.SpaceReclaimed ?? 0)}\n`);
    return 0;
  },
};

async function asks(context: CommandContext, warning: string): Promise<boolean> {
  const { confirm } = await import('../../terminal/confirm.ts');
  return await confirm(context, `${warning}\nAre you sure you want to continue?`);
}
