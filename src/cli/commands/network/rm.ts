import { isKind, messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { networkPath } from './path.ts';

/** `docker network rm`: one after another; what fails is told at once. */
export const rm: Command = {
  usage: 'docker network rm NETWORK [NETWORK...]',
  description: 'Remove one or more networks',
  flags: [{ name: 'force', short: 'f', kind: 'bool', description: 'Do not error if the network does not exist' }],
  args: { min: 1 },
  async run(context, { flags, args }) {
    let failed = false;
    for (const name of args) {
      try {
        await context.api.call('DELETE', networkPath(name));
        context.out(`${name}\n`);
      } catch (error) {
        if (flags.bool('force') && isKind(error, 'not_found')) continue;
        context.err(`${messageOf(error)}\n`);
        failed = true;
      }
    }
    if (failed) throw new ExitError(1, 'exit status 1');
    return 0;
  },
};
