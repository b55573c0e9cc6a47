import type { ContainerWaitResponse } from '../../../api/types/container.ts';
import { messageOf } from '../../../lib/errors.ts';
import type { CommandContext } from '../../command.ts';
import { containerPath } from './each.ts';

const UNKNOWN_STATUS = 125;

/**
 * Begins to wait for the end of a container that is about to start (`removed`: for its removal). The outer promise resolves when
 * the daemon listens, the inner one with the exit status: 125 when the daemon cannot tell it, which is printed.
 */
export async function startWaiting(
  context: CommandContext,
  id: string,
  removed: boolean,
): Promise<{ readonly status: Promise<number> }> {
  const query = { condition: removed ? 'removed' : 'next-exit' };
  const response = await context.api.send('POST', containerPath(id, '/wait'), { query });
  const status = response.text().then(
    (text) => statusIn(context, JSON.parse(text) as ContainerWaitResponse),
    (error: unknown) => {
      context.err(`error waiting for container: ${messageOf(error)}\n`);
      return UNKNOWN_STATUS;
    },
  );
  return { status };
}

function statusIn(context: CommandContext, result: ContainerWaitResponse): number {
  if (!result.Error?.Message) return result.StatusCode ?? 0;
  context.err(`Error waiting for container: ${result.Error.Message}\n`);
  return UNKNOWN_STATUS;
}
