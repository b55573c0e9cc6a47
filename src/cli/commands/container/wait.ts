import type { ContainerWaitResponse } from '../../../api/types/container.ts';
import { KnownError, messageOf } from '../../../lib/errors.ts';
import type { Command, CommandContext } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { containerPath } from './each.ts';

/** `docker wait`. */
export const wait: Command = {
  usage: 'docker wait CONTAINER [CONTAINER...]',
  description: 'Block until one or more containers stop, then print their exit codes',
  flags: [],
  args: { min: 1 },
  async run(context, { args }) {
    const failures: string[] = [];
    for (const name of args) {
      try {
        context.out(`${await waitFor(context, name)}\n`);
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
    return 0;
  },
};

async function waitFor(context: CommandContext, name: string): Promise<number> {
  const result = await context.api.json<ContainerWaitResponse>('POST', containerPath(name, '/wait'));
  if (result.Error?.Message) throw new KnownError('system', result.Error.Message);
  return result.StatusCode ?? 0;
}
