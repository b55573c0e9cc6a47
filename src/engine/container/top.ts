import type { ContainerTopResponse } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import { type ContainerContext, cgroupPath, publish } from './context.ts';
import { isRestarting, notRunning } from './errors.ts';
import type { LiveContainer } from './live.ts';
import { hasProcess } from './state.ts';

/** Processes of a container as the host's `ps` shows them. Errors: conflict when it does not run; system for arguments that ps refuses. */
export async function topContainer(
  ctx: ContainerContext,
  live: LiveContainer,
  psArgs: string,
): Promise<ContainerTopResponse> {
  const { record } = live;
  if (record.state.status === 'restarting') throw isRestarting(record.id);
  if (!hasProcess(record.state)) throw notRunning(record.id);
  const pids = ctx.cgroups.pids(cgroupPath(ctx, record));
  const args = psArgs.trim() === '' ? ['-ef'] : psArgs.trim().split(/\s+/);
  const response = parsePs(await runPs(ctx, args, pids), new Set(pids));
  publish(ctx, record, 'top');
  return response;
}

/** Only the container's processes where ps lets itself be told so: some arguments exclude `-q`, and then all are listed. */
async function runPs(ctx: ContainerContext, args: readonly string[], pids: readonly number[]): Promise<string> {
  try {
    return await ctx.processes.ps([...args, `-q${pids.join(',')}`]);
  } catch {
    return await ctx.processes.ps(args);
  }
}

/**
 * The rows of ps whose PID is one of `pids`, and the rows of their threads, whose PID is `-`. The last column takes the rest of the line.
 * Errors: system without a column of PIDs.
 */
export function parsePs(text: string, pids: ReadonlySet<number>): ContainerTopResponse {
  const [head = '', ...lines] = text.split('\n');
  const titles = head.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn === -1) throw new KnownError('system', "Couldn't find PID field in ps output");
  let wanted = false;
  const processes = lines.flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const pid = words[pidColumn];
    if (line.trim() === '' || pid === undefined) return [];
    if (pid !== '-') wanted = pids.has(Number(pid));
    return wanted ? [[...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(' ')]] : [];
  });
  return { Titles: titles, Processes: processes };
}
