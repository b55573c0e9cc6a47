import type { SystemDataUsage } from '../../../api/types/system.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { Command, CommandContext } from '../../command.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import { formatRows } from '../../format/table.ts';
import { toUsageRows, USAGE_ROWS } from '../../format/usage-rows.ts';

const COLUMNS = ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'];
const RAW =
  'type: {{.Type}}\\ntotal: {{.TotalCount}}\\nactive: {{.Active}}\\nsize: {{.Size}}\\nreclaimable: {{.Reclaimable}}\\n';

/** `docker system df`; `--explain` is ours. */
export const df: Command = {
  usage: 'docker system df [OPTIONS]',
  description: 'Show docker disk usage',
  flags: [
    {
      name: 'explain',
      kind: 'bool',
      description: 'Account for every byte below the data root, beside what du says (skiff only)',
    },
    LIST_FORMAT_FLAG,
    { name: 'verbose', short: 'v', kind: 'bool', description: 'Show detailed information on space usage' },
  ],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const [format, verbose] = [flags.text('format'), flags.bool('verbose')];
    if (flags.bool('explain')) await explain(context, format, verbose);
    else {
      const usage = await context.api.json<SystemDataUsage>('GET', '/system/df');
      if (verbose) context.out(await formatVerbose(usage, format));
      else context.out(await formatRows(USAGE_ROWS, toUsageRows(usage), format === 'raw' ? RAW : format, COLUMNS));
    }
    return 0;
  },
};

async function formatVerbose(usage: SystemDataUsage, format: string): Promise<string> {
  if (format !== '' && format !== 'table') {
    const { formatUsageTemplate } = await import('../../format/usage-template.ts');
    return formatUsageTemplate(usage, format, Date.now());
  }
  const { formatUsageTables } = await import('../../format/usage-text.ts');
  return formatUsageTables(usage, Date.now());
}

async function explain(context: CommandContext, format: string, verbose: boolean): Promise<void> {
  if (!['', 'table', 'json'].includes(format))
    throw new KnownError('invalid_parameter', '--explain is told as a table or, with --format json, as JSON');
  const { DataRoot } = await context.api.json<SystemDataUsage>('GET', '/system/df', {
    query: { explain: true, type: 'build-cache' },
  });
  if (!DataRoot) throw new KnownError('not_implemented', 'this daemon does not account for its data root');
  const { formatAccount } = await import('../../format/explain-text.ts');
  context.out(format === 'json' ? `${JSON.stringify(DataRoot)}\n` : formatAccount(DataRoot, { items: verbose }));
}
