import { KnownError, messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { containerPath } from './each.ts';

/** `docker rename`. */
export const rename: Command = {
  usage: 'docker rename CONTAINER NEW_NAME',
  description: 'Rename a container',
  flags: [],
  args: { min: 2, max: 2 },
  async run(context, { args }) {
    const [from = '', to = ''] = args.map((name) => name.trim());
    if (from === '' || to === '') {
      throw new KnownError('invalid_parameter', 'Error: Neither old nor new names may be empty');
    }
    try {
      await context.api.call('POST', containerPath(from, '/rename'), { query: { name: to } });
    } catch (error) {
      context.err(`${messageOf(error)}\n`);
      throw new KnownError('system', `Error: failed to rename container named ${from}`, { cause: error });
    }
    return 0;
  },
};
