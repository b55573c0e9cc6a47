import type { ContainerTopResponse } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import { type ContainerContext, cgroupPath, publish } from './context.ts';
import { isRestarting, notRunning } from './errors.ts';
import type { LiveContainer } from './live.ts';
import { hasProcess } from './state.ts';

/** Processes of a container as the host's `ps` shows them. Errors: conflict; invalid_parameter for arguments that name no PID column. */
export async function topContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  psArgs: string,
): Promise<ContainerTopResponse> {
  const { record } = live;
  if (record.state.status === 'restarting') throw isRestarting(record.id);
  if (!hasProcess(record.state)) throw notRunning(record.id);
  const pids = new Set(ctx.cgroups.pids(cgroupPath(ctx, record)));
  const args = psArgs.trim() === '' ? ['-ef'] : psArgs.trim().split(/\s+/);
  const response = parsePs(await ctx.processes.ps(args), pids);
  publish(ctx, record, 'top');
  return response;
}

/** The rows of ps whose PID is one of `pids`. The last column takes the rest of the line. */
export function parsePs(text: string, pids: ReadonlySet<number>): ContainerTopResponse {
  const [head = '', ...lines] = text.split('\n');
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn === -1) throw new KnownError('invalid_parameter', "Couldn't find PID field in ps output");
  const processes = lines.flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (!pids.has(Number(words[pidColumn]))) return [];
    return [[...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(' ')]];
  });
  return { Titles: titles, Processes: processes };
}
