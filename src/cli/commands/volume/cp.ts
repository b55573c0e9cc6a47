import type { Volume } from '../../../api/types/volume.ts';
import type { Command } from '../../command.ts';
import { checkLabel } from '../../parse/env.ts';
import { parseMap } from '../../parse/map.ts';
import { volumePath } from './path.ts';

/** `docker volume cp`: ours. */
export const cp: Command = {
  usage: 'docker volume cp [OPTIONS] VOLUME NEW_VOLUME',
  description: 'Copy a volume to a new one. Where the file system can, both share what they have in common.',
  flags: [
    { name: 'force', short: 'f', kind: 'bool', description: 'Copy although running containers have it mounted' },
    { name: 'label', kind: 'list', description: 'Set metadata for the new volume', check: checkLabel },
  ],
  args: { min: 2, max: 2 },
  async run({ api, out }, { flags, args }) {
    const [from = '', to = ''] = args;
    const { Name } = await api.json<Volume>('POST', `${volumePath(from)}/copy`, {
      query: { name: to, force: flags.bool('force') },
      body: { Labels: parseMap(flags.list('label')) },
    });
    out(`${Name}\n`);
    return 0;
  },
};
