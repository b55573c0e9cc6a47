import { messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { LOCAL, secretPath } from './local.ts';

/** `docker secret rm`: one after another. */
export const rm: Command = {
  usage: 'docker secret rm SECRET [SECRET...]',
  description: 'Remove one or more secrets',
  flags: [],
  args: { min: 1 },
  async run({ api, out }, { args }) {
    const failures: string[] = [];
    for (const name of args) {
      try {
        await api.call('DELETE', secretPath(name), LOCAL);
        out(`${name}\n`);
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
    return 0;
  },
};
