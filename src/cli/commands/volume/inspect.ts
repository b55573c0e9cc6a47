import type { Volume } from '../../../api/types/volume.ts';
import type { Command } from '../../command.ts';
import { INSPECT_FORMAT_FLAG } from '../../format/format-flag.ts';
import { printInspected } from '../../format/inspect.ts';
import { volumePath } from './path.ts';

/** `docker volume inspect`. */
export const inspect: Command = {
  usage: 'docker volume inspect [OPTIONS] VOLUME [VOLUME...]',
  description: 'Display detailed information on one or more volumes',
  flags: [INSPECT_FORMAT_FLAG],
  args: { min: 1 },
  async run(context, { flags, args }) {
    return await printInspected(context, args, flags.text('format'), async (name) => {
      const volume = await context.api.json<Volume>('GET', volumePath(name));
      return { json: JSON.stringify(inOrder(volume)), type: 'volume.Volume' };
    });
  },
};

/** Docker's client shows its own order of fields, not the daemon's. */
function inOrder({
  ClusterVolume,
  CreatedAt,
  Driver,
  Labels,
  Mountpoint,
  Name,
  Options,
  Scope,
  Status,
  UsageData,
}: Volume) {
  return {
    ...(ClusterVolume && { ClusterVolume }),
    ...(CreatedAt && { CreatedAt }),
    Driver,
    Labels: sorted(Labels),
    Mountpoint,
    Name,
    Options: sorted(Options),
    Scope,
    ...(Status && { Status }),
    ...(UsageData && { UsageData }),
  };
}

function sorted(map: Readonly<Record<string, string>> | null | undefined): Record<string, string> | null {
  return map ? Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))) : null;
}
