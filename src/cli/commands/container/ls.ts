import type { ContainerSummary } from '../../../api/types/container.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command, CommandContext } from '../../command.ts';
import { containerRows } from '../../format/container-rows.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import { formatRows } from '../../format/table.ts';

const COLUMNS = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];
const RAW =
  'container_id: {{.ID}}\\nimage: {{.Image}}\\ncommand: {{.Command}}\\ncreated_at: {{.CreatedAt}}\\nstate: {{- pad .State 1 0}}\\n' +
  'status: {{- pad .Status 1 0}}\\nnames: {{.Names}}\\nlabels: {{- pad .Labels 1 0}}\\nports: {{- pad .Ports 1 0}}\\n';

/** `docker ps`. */
export const ls: Command = {
  usage: 'docker ps [OPTIONS]',
  description: 'List containers',
  flags: [
    { name: 'all', short: 'a', kind: 'bool', description: 'Show all containers (default shows just running)' },
    FILTER_FLAG,
    LIST_FORMAT_FLAG,
    {
      name: 'last',
      short: 'n',
      kind: 'int',
      default: -1,
      description: 'Show n last created containers (includes all states)',
    },
    {
      name: 'latest',
      short: 'l',
      kind: 'bool',
      description: 'Show the latest created container (includes all states)',
    },
    { name: 'no-trunc', kind: 'bool', description: "Don't truncate output" },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Only display container IDs' },
    { name: 'size', short: 's', kind: 'bool', description: 'Display total file sizes' },
  ],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const given = formatOf(context, flags);
    const size = flags.bool('size') || (await asksForSize(given, flags.bool('quiet')));
    const limit = flags.bool('latest') && flags.int('last') === -1 ? 1 : flags.int('last');
    const query = {
      all: flags.bool('all'),
      limit: limit > 0 ? limit : undefined,
      size,
      filters: formatFilters(flags.list('filter')),
    };
    const rows = await context.api.json<ContainerSummary[]>('GET', '/containers/json', { query });
    const columns = flags.bool('size') ? [...COLUMNS, 'Size'] : COLUMNS;
    const format = expand(given, flags);
    context.out(await formatRows(containerRows(!flags.bool('no-trunc'), Date.now()), rows, format, columns));
    return 0;
  },
};

/** `psFormat` of config.json stands in for --format. */
function formatOf(context: CommandContext, flags: Flags): string {
  const format = flags.text('format');
  if (format === '') {
    const configured = context.config.raw['psFormat'];
    return typeof configured === 'string' && !flags.bool('quiet') ? configured : '';
  }
  if (flags.bool('quiet')) {
    context.err('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
  }
  return format;
}

/** A template that uses the size makes the daemon measure it; a template's mistakes show before it is asked. */
async function asksForSize(format: string, quiet: boolean): Promise<boolean> {
  if (quiet || ['', 'table', 'json', 'raw'].includes(format)) return false;
  const { fieldsUsed } = await import('../../format/rows.ts');
  return fieldsUsed(containerRows(true, 0), {}, format).has('Size');
}

function expand(format: string, flags: Flags): string {
  const quiet = flags.bool('quiet');
  if (format !== 'raw') return quiet ? '{{.ID}}' : format;
  if (quiet) return 'container_id: {{.ID}}';
  return flags.bool('size') ? `${RAW}size: {{.Size}}\\n` : RAW;
}
