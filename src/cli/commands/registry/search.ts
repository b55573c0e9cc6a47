import { parseReference } from '../../../oci/reference.ts';
import type { Command } from '../../command.ts';
import { registryAuth } from '../../config/auth.ts';
import { ellipsis } from '../../format/ellipsis.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import type { RowType } from '../../format/row-type.ts';
import { formatRows } from '../../format/table.ts';

interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly star_count: number;
  readonly is_official: boolean;
  readonly is_automated: boolean;
}

const COLUMNS = ['Name', 'Description', 'StarCount', 'IsOfficial'];
const DESCRIPTION_COLUMNS = 45;

/** `docker search`. */
export const search: Command = {
  usage: 'docker search [OPTIONS] TERM',
  description: 'Search Docker Hub for images',
  flags: [
    FILTER_FLAG,
    { name: 'format', kind: 'string', description: 'Pretty-print search using a Go template' },
    { name: 'limit', kind: 'int', description: 'Max number of search results' },
    { name: 'no-trunc', kind: 'bool', description: "Don't truncate output" },
  ],
  args: { min: 1, max: 1 },
  async run({ api, out, err, config }, { flags, args }) {
    const [term = ''] = args;
    const limit = flags.int('limit');
    const query = { term, limit: limit === 0 ? undefined : limit, filters: formatFilters(flags.list('filter')) };
    const headers = await registryAuth(config.raw, { registry: registryOf(term) }, err);
    const rows = await api.json<readonly SearchResult[]>('GET', '/images/search', { query, headers });
    out(await formatRows(searchRows(!flags.bool('no-trunc')), rows, flags.text('format'), COLUMNS));
    return 0;
  },
};

function registryOf(term: string): string {
  try {
    return parseReference(term).registry;
  } catch {
    // A term need not be a name; what is wrong with it the daemon says.
    return 'docker.io';
  }
}

function searchRows(truncate: boolean): RowType<SearchResult> {
  const mark = (set: boolean): string => (set ? '[OK]' : '');
  const shown = (text: string): string => {
    const line = text.replaceAll(/[\n\r]/g, ' ');
    return truncate ? ellipsis(line, DESCRIPTION_COLUMNS) : line;
  };
  return {
    type: '*formatter.searchContext',
    columns: {
      Name: { title: 'NAME', text: (row) => row.name },
      Description: { title: 'DESCRIPTION', text: (row) => shown(row.description) },
      StarCount: { title: 'STARS', text: (row) => String(row.star_count) },
      IsOfficial: { title: 'OFFICIAL', text: (row) => mark(row.is_official) },
      IsAutomated: { title: 'AUTOMATED', text: (row) => mark(row.is_automated) },
    },
  };
}
