import type { Volume } from '../../../api/types/volume.ts';
import type { Command } from '../../command.ts';
import { volumePath } from './path.ts';

/** `docker volume snapshot`: ours. A copy that says of what and when. */
export const snapshot: Command = {
  usage: 'docker volume snapshot [OPTIONS] VOLUME [NAME]',
  description: 'Keep what a volume holds now as a new volume (default name: VOLUME-YYYYMMDDTHHMMSSZ)',
  flags: [{ name: 'force', short: 'f', kind: 'bool', description: 'Copy although running containers have it mounted' }],
  args: { min: 1, max: 2 },
  async run({ api, out }, { flags, args }) {
    const now = new Date().toISOString();
    const [from = '', name = `${from}-${now.slice(0, 19).replace(/[-:]/g, '')}Z`] = args;
    const { Name } = await api.json<Volume>('POST', `${volumePath(from)}/copy`, {
      query: { name, force: flags.bool('force') },
      body: { Labels: { 'skiff.snapshot.of': from, 'skiff.snapshot.time': now } },
    });
    out(`${Name}\n`);
    return 0;
  },
};
