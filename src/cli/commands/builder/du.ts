import type { SystemDataUsage } from '../../../api/types/system.ts';
import type { Command } from '../../command.ts';
import { parseCacheFilters } from '../../format/build-cache-filter.ts';
import { formatBuildCache } from '../../format/build-cache-text.ts';

/** `docker builder du`, as `docker buildx du` prints it. */
export const du: Command = {
  usage: 'docker builder du',
  description: 'Disk usage',
  flags: [
    {
      name: 'filter',
      kind: 'list',
      placeholder: 'filter',
      description: 'Provide filter values',
      check: (text) => void parseCacheFilters([text], 0),
    },
    { name: 'verbose', kind: 'bool', description: 'Provide a more verbose output' },
  ],
  args: { min: 0, max: 0 },
  async run({ api, out }, { flags }) {
    const { BuildCache } = await api.json<SystemDataUsage>('GET', '/system/df', { query: { type: 'build-cache' } });
    const records = (BuildCache ?? []).filter(parseCacheFilters(flags.list('filter'), Date.now()));
    out(formatBuildCache(records, flags.bool('verbose'), Date.now()));
    return 0;
  },
};
