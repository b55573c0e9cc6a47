import type { Command } from '../../command.ts';
import { containerPath, forEachName } from './each.ts';
import { STOP_FLAGS, stopQuery } from './stop-flags.ts';

/** `docker restart`. */
export const restart: Command = {
  usage: 'docker restart [OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Restart one or more containers',
  flags: STOP_FLAGS,
  args: { min: 1 },
  async run(context, { flags, args }) {
    const query = stopQuery(flags);
    const act = async (name: string): Promise<void> =>
      await context.api.call('POST', containerPath(name, '/restart'), { query });
    return await forEachName(context, args, act);
  },
};
