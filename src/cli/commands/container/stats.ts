import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerStatsResponse, ContainerSummary } from '../../../api/types/container.ts';
import { messageOf } from '../../../lib/errors.ts';
import type { Command, CommandContext } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { LIST_FORMAT_FLAG } from '../../format/format-flag.ts';
import { type StatsRow, statsRows } from '../../format/stats-rows.ts';
import { formatRows } from '../../format/table.ts';
import { containerPath } from './each.ts';

const COLUMNS = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];
const REFRESH_MS = 500;
const [HOME, END_OF_LINE, END_OF_SCREEN] = ['\x1b[H', ' \x1b[K', '\x1b[J'];

/** `docker stats`. */
export const stats: Command = {
  usage: 'docker stats [OPTIONS] [CONTAINER...]',
  description: 'Display a live stream of container(s) resource usage statistics',
  flags: [
    { name: 'all', short: 'a', kind: 'bool', description: 'Show all containers (default shows just running)' },
    LIST_FORMAT_FLAG,
    { name: 'no-stream', kind: 'bool', description: 'Disable streaming stats and only pull the first result' },
    { name: 'no-trunc', kind: 'bool', description: 'Do not truncate output' },
  ],
  args: { min: 0 },
  async run(context, { flags, args }) {
    const rowType = statsRows(!flags.bool('no-trunc'));
    const format = formatOf(context, flags.text('format'));
    const show = async (rows: readonly StatsRow[]): Promise<string> => await formatRows(rowType, rows, format, COLUMNS);
    const names = async (): Promise<readonly string[]> =>
      args.length > 0 ? args : await listIds(context, flags.bool('all'));
    if (flags.bool('no-stream')) {
      context.out(await show(await firstSamples(context, await names())));
      return 0;
    }
    return await watch(context, names, args.length > 0, show);
  },
};

/** `statsFormat` of config.json stands in for --format. */
function formatOf({ config }: CommandContext, given: string): string {
  const configured = config.raw['statsFormat'];
  return given === '' && typeof configured === 'string' ? configured : given;
}

async function listIds({ api }: CommandContext, all: boolean): Promise<readonly string[]> {
  const found = await api.json<ContainerSummary[]>('GET', '/containers/json', { query: { all } });
  return found.map(({ Id = '' }) => Id.slice(0, 12));
}

/** One sample of each, asked for at once. Errors: ExitError with a line for every failure. */
async function firstSamples({ api }: CommandContext, names: readonly string[]): Promise<readonly StatsRow[]> {
  const results = await Promise.allSettled(
    names.map(async (name) => {
      const query = { stream: '0' };
      const sample = await api.json<ContainerStatsResponse>('GET', containerPath(name, '/stats'), { query });
      return { container: name, sample };
    }),
  );
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [messageOf(result.reason)] : []));
  if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** Shows the newest samples twice a second until nothing is left to watch; without names, containers come and go. */
async function watch(
  context: CommandContext,
  names: () => Promise<readonly string[]>,
  fixed: boolean,
  show: (rows: readonly StatsRow[]) => Promise<string>,
): Promise<number> {
  const rows = new Map<string, StatsRow>();
  const failures: string[] = [];
  const add = (name: string): void => {
    if (rows.has(name)) return;
    rows.set(name, { container: name, sample: undefined });
    follow(context, name, (sample) => rows.set(name, { container: name, sample }))
      .catch((error: unknown) => failures.push(messageOf(error)))
      .finally(() => rows.delete(name));
  };
  for (const name of await names()) add(name);
  for (let turn = 0; !fixed || rows.size > 0; turn++) {
    await delay(REFRESH_MS);
    if (fixed && failures.length > 0) break;
    if (!fixed && turn % 2 === 0) for (const name of await names()) add(name);
    const lines = (await show([...rows.values()])).split('\n');
    context.out(`${HOME}${lines.map((line) => `${line}${END_OF_LINE}\n`).join('')}${END_OF_SCREEN}`);
  }
  if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
  return 0;
}

async function follow(
  { api }: CommandContext,
  name: string,
  take: (sample: ContainerStatsResponse) => void,
): Promise<void> {
  const response = await api.send('GET', containerPath(name, '/stats'), { query: { stream: '1' } });
  let text = '';
  for await (const chunk of response.body) {
    text += Buffer.from(chunk).toString('utf8');
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') take(JSON.parse(line) as ContainerStatsResponse);
  }
}
