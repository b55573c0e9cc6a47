import { KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { humanDuration } from '../../format/duration.ts';
import { ellipsis, shortId } from '../../format/ellipsis.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import type { RowType } from '../../format/row-type.ts';
import { humanSize } from '../../format/size.ts';
import { formatRows } from '../../format/table.ts';
import { formatRfc3339 } from '../../format/time.ts';
import { platformQuery } from './platform.ts';

interface HistoryItem {
  readonly Id?: string;
  readonly Created?: number;
  readonly CreatedBy?: string;
  readonly Size?: number;
  readonly Comment?: string;
}

const CREATED_BY_COLUMNS = 45;

/** `docker history`. */
export const history: Command = {
  usage: 'docker history [OPTIONS] IMAGE',
  description: 'Show the history of an image',
  flags: [
    LIST_FORMAT_FLAG,
    {
      name: 'human',
      short: 'H',
      kind: 'bool',
      default: true,
      description: 'Print sizes and dates in human readable format',
    },
    { name: 'no-trunc', kind: 'bool', description: "Don't truncate output" },
    {
      name: 'platform',
      kind: 'string',
      description: 'Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Only show image IDs' },
  ],
  args: { min: 1, max: 1 },
  async run({ api, out }, { flags, args }) {
    const [name = ''] = args;
    if (name.trim() === '') throw new KnownError('invalid_parameter', 'invalid reference format');
    const query = { platform: platformQuery(flags.text('platform')) };
    const rows = await api.json<HistoryItem[]>('GET', `/images/${encodeURIComponent(name)}/history`, { query });
    const human = flags.bool('human');
    const columns = ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Comment'];
    const given = flags.text('format');
    const format = flags.bool('quiet') && (given === '' || given === 'table') ? '{{.ID}}' : given;
    out(await formatRows(historyRows(!flags.bool('no-trunc'), human), rows, format, columns));
    return 0;
  },
};

function historyRows(truncate: boolean, human: boolean): RowType<HistoryItem> {
  return {
    type: '*image.historyContext',
    columns: {
      ID: { title: 'IMAGE', text: ({ Id = '' }) => (truncate ? shortId(Id) : Id) },
      CreatedSince: {
        title: 'CREATED',
        text: ({ Created = 0 }) => (Created === 0 ? 'N/A' : `${humanDuration(Date.now() - Created * 1000)} ago`),
      },
      CreatedAt: { title: 'CREATED AT', text: ({ Created = 0 }) => formatRfc3339(Created) },
      CreatedBy: {
        title: 'CREATED BY',
        text: ({ CreatedBy = '' }) => {
          const text = CreatedBy.replaceAll('\t', ' ');
          return truncate ? ellipsis(text, CREATED_BY_COLUMNS) : text;
        },
      },
      Size: { title: 'SIZE', text: ({ Size = 0 }) => (human ? humanSize(Size, 3) : String(Size)) },
      Comment: { title: 'COMMENT', text: ({ Comment = '' }) => Comment },
    },
  };
}
