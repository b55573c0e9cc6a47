import type { Volume } from '../../../api/types/volume.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { Command } from '../../command.ts';
import { checkLabel } from '../../parse/env.ts';
import { parseMap } from '../../parse/map.ts';
import { CLUSTER_FLAGS, clusterSpec } from './cluster-spec.ts';

/** `docker volume create`. */
export const create: Command = {
  usage: 'docker volume create [OPTIONS] [VOLUME]',
  description: 'Create a volume',
  flags: [
    ...CLUSTER_FLAGS,
    { name: 'driver', short: 'd', kind: 'string', default: 'local', description: 'Specify volume driver name' },
    { name: 'label', kind: 'list', description: 'Set metadata for a volume', check: checkLabel },
    { name: 'name', kind: 'string', description: 'Specify volume name', hidden: true },
    {
      name: 'opt',
      short: 'o',
      kind: 'list',
      placeholder: 'map',
      description: 'Set driver specific options (default map[])',
    },
  ],
  args: { min: 0, max: 1 },
  async run(context, { flags, args }) {
    const [name = flags.text('name')] = args;
    if (args.length > 0 && flags.text('name') !== '')
      throw invalid('conflicting options: cannot specify a volume-name through both --name and as a positional arg');
    const cluster = clusterSpec(flags);
    const body = {
      Driver: flags.text('driver'),
      ...(cluster === undefined ? {} : { ClusterVolumeSpec: cluster }),
      ...(flags.list('opt').length > 0 ? { DriverOpts: parseMap(flags.list('opt')) } : {}),
      ...(flags.list('label').length > 0 ? { Labels: parseMap(flags.list('label')) } : {}),
      Name: name,
    };
    const { Name } = await context.api.json<Volume>('POST', '/volumes/create', { body });
    context.out(`${Name}\n`);
    return 0;
  },
};
