import type { Command } from '../../command.ts';
import { volumePath } from './path.ts';

/** `docker volume rename`: ours. */
export const rename: Command = {
  usage: 'docker volume rename VOLUME NEW_NAME',
  description: 'Rename a volume that no container uses',
  flags: [],
  args: { min: 2, max: 2 },
  async run({ api }, { args }) {
    const [from = '', name = ''] = args;
    await api.call('POST', `${volumePath(from)}/rename`, { query: { name } });
    return 0;
  },
};
