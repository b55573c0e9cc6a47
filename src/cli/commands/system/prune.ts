import type { ImageDeleteResponseItem } from '../../../api/types/image.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command, CommandContext } from '../../command.ts';
import { FILTER_FLAG, formatFilters, parseFilter } from '../../format/filter-query.ts';
import { compareNatural } from '../../format/natural.ts';
import { humanSize } from '../../format/size.ts';

/** One kind of things that are pruned: what is warned of, asked and told. */
interface Pruner {
  readonly path: string;
  readonly warning: string;
  readonly query: Readonly<Record<string, string | boolean | undefined>>;
  readonly title: string;
  /** What was removed, a line each. */
  readonly lines: (report: Report) => readonly string[];
}

interface Report {
  readonly ContainersDeleted?: readonly string[] | null;
  readonly NetworksDeleted?: readonly string[] | null;
  readonly VolumesDeleted?: readonly string[] | null;
  readonly ImagesDeleted?: readonly ImageDeleteResponseItem[] | null;
  readonly CachesDeleted?: readonly string[] | null;
  readonly SpaceReclaimed?: number;
}

/** `docker system prune`. */
export const prune: Command = {
  usage: 'docker system prune [OPTIONS]',
  description: 'Remove unused data',
  flags: [
    { name: 'all', short: 'a', kind: 'bool', description: 'Remove all unused images not just dangling ones' },
    {
      name: 'filter',
      kind: 'list',
      placeholder: 'filter',
      description: 'Provide filter values (e.g. "label=<key>=<value>")',
      ...(FILTER_FLAG.check ? { check: FILTER_FLAG.check } : {}),
    },
    { name: 'force', short: 'f', kind: 'bool', description: 'Do not prompt for confirmation' },
    { name: 'volumes', kind: 'bool', description: 'Prune anonymous volumes' },
  ],
  args: { min: 0, max: 0 },
  async run(context, { flags }) {
    if (flags.bool('volumes') && flags.list('filter').some((text) => parseFilter(text)[0] === 'until'))
      throw new KnownError('invalid_parameter', 'ERROR: The "until" filter is not supported with "--volumes"');
    const filters = filtersOf(context, flags);
    const pruners = planPruners(context.api.version, flags, filters);
    if (!flags.bool('force') && !(await asks(context, pruners, filters))) return 0;
    let reclaimed = 0;
    for (const { path, query, title, lines } of pruners) {
      const report = await context.api.json<Report>('POST', path, { query });
      const deleted = lines(report);
      if (deleted.length > 0) context.out(`${title}:\n${deleted.join('\n')}\n\n`);
      reclaimed += report.SpaceReclaimed ?? 0;
    }
    context.out(`Total reclaimed space: ${humanSize(reclaimed)}\n`);
    return 0;
  },
};

function filtersOf(context: CommandContext, flags: Flags): readonly string[] {
  const configured = context.config.raw['pruneFilters'];
  return [...flags.list('filter'), ...(Array.isArray(configured) ? configured.map(String) : [])];
}

/** In the order they are pruned: what later ones stand on goes first. */
function planPruners(apiVersion: string, flags: Flags, given: readonly string[]): readonly Pruner[] {
  const [all, volumes] = [flags.bool('all'), flags.bool('volumes')];
  const filters = formatFilters(given);
  const planned: (Pruner | undefined)[] = [
    {
      path: '/containers/prune',
      warning: 'all stopped containers',
      query: { filters },
      title: 'Deleted Containers',
      lines: ({ ContainersDeleted }) => ContainersDeleted ?? [],
    },
    {
      path: '/networks/prune',
      warning: 'all networks not used by at least one container',
      query: { filters },
      title: 'Deleted Networks',
      lines: ({ NetworksDeleted }) => NetworksDeleted ?? [],
    },
    volumes
      ? {
          path: '/volumes/prune',
          warning: 'all anonymous volumes not used by at least one container',
          query: { filters },
          title: 'Deleted Volumes',
          lines: ({ VolumesDeleted }) => VolumesDeleted ?? [],
        }
      : undefined,
    {
      path: '/images/prune',
      warning: all ? 'all images without at least one container associated to them' : 'all dangling images',
      query: { filters: formatFilters(given, { dangling: all ? 'false' : 'true' }) },
      title: 'Deleted Images',
      lines: ({ ImagesDeleted }) =>
        (ImagesDeleted ?? []).map((item) =>
          item.Untagged ? `untagged: ${item.Untagged}` : `deleted: ${item.Deleted}`,
        ),
    },
    hasBuildCache(apiVersion)
      ? {
          path: '/build/prune',
          warning: all ? 'all build cache' : 'unused build cache',
          query: { all: all ? '1' : undefined, filters },
          title: 'Deleted build cache objects',
          lines: ({ CachesDeleted }) => CachesDeleted ?? [],
        }
      : undefined,
  ];
  return planned.filter((pruner) => pruner !== undefined);
}

function hasBuildCache(apiVersion: string): boolean {
  const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 31);
}

async function asks(context: CommandContext, pruners: readonly Pruner[], given: readonly string[]): Promise<boolean> {
  const warnings = pruners.map(({ warning }) => `\n  - ${warning}`).join('');
  const { confirm } = await import('../../terminal/confirm.ts');
  const filters = given
    .filter((text) => ['label', 'label!', 'until'].includes(parseFilter(text)[0]))
    .map((text) => parseFilter(text).join('='));
  const lines = [...new Set(filters)].sort(compareNatural).map((text) => `\n  - ${text}`);
  const filtered = given.length > 0 ? `\n  Items to be pruned will be filtered with:${lines.join('')}\n` : '';
  return await confirm(
    context,
    `WARNING! This will remove:${warnings}\n${filtered}\nAre you sure you want to continue?`,
  );
}
