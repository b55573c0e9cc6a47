import { messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { volumePath } from './path.ts';

/** `docker volume rm`: one after another. */
export const rm: Command = {
  usage: 'docker volume rm [OPTIONS] VOLUME [VOLUME...]',
  description: 'Remove one or more volumes. You cannot remove a volume that is in use by a container.',
  flags: [{ name: 'force', short: 'f', kind: 'bool', description: 'Force the removal of one or more volumes' }],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const failures: string[] = [];
    for (const name of args) {
      try {
        await context.api.call('DELETE', volumePath(name), { query: { force: flags.bool('force') } });
        context.out(`${name}\n`);
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
    return 0;
  },
};
