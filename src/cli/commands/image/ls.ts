import type { ImageSummary } from '../../../api/types/image.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command, CommandContext } from '../../command.ts';
import { FILTER_FLAG, formatFilters } from '../../format/filter-query.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import { type Digests, imageRows, isDangling, toImageRows } from '../../format/image-rows.ts';
import { formatRows } from '../../format/table.ts';

const COLUMNS = ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'];
const DIGEST_COLUMNS = ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'];

/** `docker images`. */
export const ls: Command = {
  usage: 'docker images [OPTIONS] [REPOSITORY[:TAG]]',
  description: 'List images',
  flags: [
    { name: 'all', short: 'a', kind: 'bool', description: 'Show all images (default hides intermediate images)' },
    { name: 'digests', kind: 'bool', description: 'Show digests' },
    FILTER_FLAG,
    LIST_FORMAT_FLAG,
    { name: 'no-trunc', kind: 'bool', description: "Don't truncate output" },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Only show image IDs' },
    {
      name: 'tree',
      kind: 'bool',
      description: 'List multi-platform images as a tree (EXPERIMENTAL)',
    },
  ],
  args: { min: 0, max: 1 },
  async run(context, { flags, args }) {
    const [reference] = args;
    const query = {
      all: flags.bool('all'),
      filters: formatFilters(flags.list('filter'), reference === undefined ? {} : { reference }),
    };
    if (flags.bool('tree')) return await printTree(context, flags, query);
    const images = await context.api.json<ImageSummary[]>('GET', '/images/json', { query });
    const format = formatOf(context, flags);
    const rows = toImageRows(images, digestsOf(format, flags.bool('digests')));
    const columns = flags.bool('digests') ? DIGEST_COLUMNS : COLUMNS;
    context.out(await formatRows(imageRows(!flags.bool('no-trunc'), Date.now()), rows, format, columns));
    return 0;
  },
};

async function printTree(
  { api, out }: CommandContext,
  flags: Flags,
  query: Readonly<Record<string, string | boolean | undefined>>,
): Promise<number> {
  for (const [name, shown] of [['quiet'], ['no-trunc'], ['digests', 'show-digest'], ['format']] as const) {
    const given = name === 'format' ? flags.text(name) !== '' : flags.bool(name);
    if (given) throw new KnownError('invalid_parameter', `--${shown ?? name} is not yet supported with --tree`);
  }
  const { formatImageTree } = await import('../../format/image-tree.ts');
  const { isTerminal, terminalSize } = await import('../../terminal/tty.host.ts');
  const images = await api.json<ImageSummary[]>('GET', '/images/json', { query: { ...query, manifests: true } });
  const shown = flags.bool('all') ? images : images.filter((image) => !isDangling(image));
  const terminal = isTerminal(1);
  out(formatImageTree(shown, { terminal, columns: terminal ? terminalSize(1)[1] : 0 }));
  return 0;
}

function formatOf(context: CommandContext, flags: Flags): string {
  const [given, quiet] = [flags.text('format'), flags.bool('quiet')];
  const configured = context.config.raw['imagesFormat'];
  const format = given === '' && !quiet && typeof configured === 'string' ? configured : given;
  if (format === 'raw') return rawFormat(quiet, flags.bool('digests'));
  return quiet && (format === '' || format === 'table') ? '{{.ID}}' : format;
}

function rawFormat(quiet: boolean, digests: boolean): string {
  if (quiet) return 'image_id: {{.ID}}';
  const digest = digests ? 'digest: {{.Digest}}\\n' : '';
  return `repository: {{.Repository}}\\ntag: {{.Tag}}\\n${digest}image_id: {{.ID}}\\ncreated_at: {{.CreatedAt}}\\nvirtual_size: {{.Size}}\\n`;
}

function digestsOf(format: string, asked: boolean): Digests {
  if (asked) return 'rows';
  return format.includes('{{.Digest}}') ? 'fields' : 'none';
}
