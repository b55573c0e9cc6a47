import type { Volume } from '../../../api/types/volume.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { Command } from '../../command.ts';
import { volumePath } from './path.ts';

/** `docker volume update`. */
export const update: Command = {
  usage: 'docker volume update [OPTIONS] [VOLUME]',
  description: 'Update a volume (cluster volumes only)',
  flags: [
    {
      name: 'availability',
      kind: 'string',
      default: 'active',
      description: 'Cluster Volume availability ("active", "pause", "drain")',
    },
  ],
  args: { min: 1, max: 1 },
  async run({ api }, { flags, args }) {
    const [name = ''] = args;
    const { ClusterVolume } = await api.json<Volume>('GET', volumePath(name));
    if (!ClusterVolume?.Spec) throw invalid('Can only update cluster volumes');
    const availability = flags.text('availability');
    const Spec = flags.given('availability')
      ? { ...ClusterVolume.Spec, Availability: availability }
      : ClusterVolume.Spec;
    await api.call('PUT', volumePath(name), { query: { version: ClusterVolume.Version?.Index ?? 0 }, body: { Spec } });
    return 0;
  },
};
