import type { Secret } from '../../../api/types/secret.ts';
import type { Command } from '../../command.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import { SECRET_ROWS } from '../../format/secret-rows.ts';
import { formatRows } from '../../format/table.ts';
import { LOCAL } from './local.ts';

/** `docker secret ls`. */
export const ls: Command = {
  usage: 'docker secret ls [OPTIONS]',
  description: 'List secrets',
  flags: [
    { ...FILTER_FLAG, description: 'Filter output based on conditions provided' },
    LIST_FORMAT_FLAG,
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Only display IDs' },
  ],
  args: { min: 0, max: 0 },
  async run({ api, out }, { flags }) {
    const query = { filters: formatFilters(flags.list('filter')) };
    const secrets = await api.json<readonly Secret[]>('GET', '/secrets', { query, ...LOCAL });
    const format = flags.text('format');
    const wanted = flags.bool('quiet') && (format === '' || format === 'table') ? '{{.ID}}' : format;
    out(await formatRows(SECRET_ROWS, secrets, wanted, ['ID', 'Name', 'Driver', 'CreatedAt', 'UpdatedAt']));
    return 0;
  },
};
