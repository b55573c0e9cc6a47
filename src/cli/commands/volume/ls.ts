import type { Volume } from '../../../api/types/volume.ts';
import type { Command } from '../../command.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import { compareNatural } from '../../format/natural.ts';
import { formatRows } from '../../format/table.ts';
import { VOLUME_ROWS } from '../../format/volume-rows.ts';

/** `docker volume ls`. */
export const ls: Command = {
  usage: 'docker volume ls [OPTIONS]',
  description: 'List volumes',
  flags: [
    { ...FILTER_FLAG, description: 'Provide filter values (e.g. "dangling=true")' },
    LIST_FORMAT_FLAG,
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Only display volume names' },
  ],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    const query = { filters: formatFilters(flags.list('filter')) };
    const { Volumes } = await context.api.json<{ readonly Volumes: readonly Volume[] | null }>('GET', '/volumes', {
      query,
    });
    const volumes = (Volumes ?? []).toSorted((a, b) => compareNatural(a.Name ?? '', b.Name ?? ''));
    const [given, quiet, configured] = [flags.text('format'), flags.bool('quiet'), context.config.raw['volumesFormat']];
    const wanted = given === '' && !quiet && typeof configured === 'string' ? configured : given;
    context.out(await formatRows(VOLUME_ROWS, volumes, formatOf(wanted, quiet), ['Driver', 'Name']));
    return 0;
  },
};

function formatOf(format: string, quiet: boolean): string {
  if (format === 'raw') return quiet ? 'name: {{.Name}}' : 'name: {{.Name}}\\ndriver: {{.Driver}}\\n';
  return quiet && (format === '' || format === 'table') ? '{{.Name}}' : format;
}
