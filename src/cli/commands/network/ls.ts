import type { Network } from '../../../api/types/network.ts';
import type { Command } from '../../command.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import { compareNatural } from '../../format/natural.ts';
import { networkRows } from '../../format/network-rows.ts';
import { formatRows } from '../../format/table.ts';

/** `docker network ls`. */
export const ls: Command = {
  usage: 'docker network ls [OPTIONS]',
  description: 'List networks',
  flags: [
    { ...FILTER_FLAG, description: 'Provide filter values (e.g. "driver=bridge")' },
    LIST_FORMAT_FLAG,
    { name: 'no-trunc', kind: 'bool', description: 'Do not truncate the output' },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Only display network IDs' },
  ],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const query = { filters: formatFilters(flags.list('filter')) };
    const networks = await context.api.json<Network[]>('GET', '/networks', { query });
    networks.sort((a, b) => compareNatural(a.Name ?? '', b.Name ?? ''));
    const [given, quiet, configured] = [
      flags.text('format'),
      flags.bool('quiet'),
      context.config.raw['networksFormat'],
    ];
    const wanted = given === '' && !quiet && typeof configured === 'string' ? configured : given;
    const format = formatOf(wanted, quiet);
    context.out(
      await formatRows(networkRows(!flags.bool('no-trunc')), networks, format, ['ID', 'Name', 'Driver', 'Scope']),
    );
    return 0;
  },
};

function formatOf(format: string, quiet: boolean): string {
  if (format === 'raw')
    return quiet
      ? 'network_id: {{.ID}}'
      : 'network_id: {{.ID}}\\nname: {{.Name}}\\ndriver: {{.Driver}}\\nscope: {{.Scope}}\\n';
  return quiet && (format === '' || format === 'table') ? '{{.ID}}' : format;
}
