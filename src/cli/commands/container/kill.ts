import type { Command } from '../../command.ts';
import { containerPath, forEachName } from './each.ts';

/** `docker kill`. */
export const kill: Command = {
  usage: 'docker kill [OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Kill one or more running containers',
  flags: [{ name: 'signal', short: 's', kind: 'string', description: 'Signal to send to the container' }],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const query = { signal: flags.text('signal') };
    const act = async (name: string): Promise<void> =>
      await context.api.call('POST', containerPath(name, '/kill'), { query });
    return await forEachName(context, args, act);
  },
};
