import type { Volume } from '../../../api/types/volume.ts';
import type { Command } from '../../command.ts';
import { checkLabel } from '../../parse/env.ts';
import { parseMap } from '../../parse/map.ts';
import { openArchive } from '../image/load.ts';

/** `docker volume import`: ours. */
export const importVolume: Command = {
  usage: 'docker volume import [OPTIONS] file|- VOLUME',
  description: 'Make a volume of a tar archive, plain or compressed',
  flags: [{ name: 'label', kind: 'list', description: 'Set metadata for the volume', check: checkLabel }],
  args: { min: 2, max: 2 },
  async run({ api, out }, { flags, args }) {
    const [source = '', name = ''] = args;
    const response = await api.send('POST', '/volumes/import', {
      query: { name, labels: JSON.stringify(parseMap(flags.list('label'))) },
      upload: openArchive(source === '-' ? '' : source),
    });
    const { Name } = JSON.parse(await response.text()) as Volume;
    out(`${Name}\n`);
    return 0;
  },
};
