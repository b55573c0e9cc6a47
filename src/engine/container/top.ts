import type { ContainerTopResponse } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import { type ContainerContext, cgroupPath, publish } from './context.ts';
import { isRestarting, notRunning } from './errors.ts';
import type { LiveContainer } from './live.ts';
import { asksForColumns } from './ps-arguments.ts';
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
  const asked = psArgs.trim() === '' ? ['-ef'] : psArgs.trim().split(/\s+/);
  // Who chooses columns need not choose the one that tells whose process it is.
  const ownPid = asksForColumns(asked);
  const args = ownPid ? ['-opid', ...asked] : asked;
  const response = parsePs(await runPs(ctx, args, pids), new Set(pids), ownPid);
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
 * `dropFirst`: the first column is a PID that nobody asked for. Errors: system without a PID.
 */
export function parsePs(text: string, pids: ReadonlySet<number>, dropFirst = false): ContainerTopResponse {
  const [head = '', ...lines] = text.split('\n');
  const columns = head.trim().split(/\s+/);
  const pidColumn = columns.indexOf('PID');
  if (pidColumn === -1 || (dropFirst && pidColumn !== 0))
    throw new KnownError('system', "Couldn't find PID field in ps output");
  const from = dropFirst ? 1 : 0;
  let wanted = false;
  const processes = lines.flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const pid = words[pidColumn];
    if (line.trim() === '' || pid === undefined) return [];
    if (pid !== '-') wanted = pids.has(Number(pid));
    const last = columns.length - 1;
    return wanted ? [[...words.slice(from, last), words.slice(Math.max(last, from)).join(' ')]] : [];
  });
  return { Titles: columns.slice(from), Processes: processes };
}
