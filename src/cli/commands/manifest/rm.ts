import { messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { parseManifestName } from '../../manifest/names.ts';
import { openStore } from '../../manifest/open.ts';
import { noSuchManifest } from '../../manifest/store.ts';

/** `docker manifest rm`. */
export const rm: Command = {
  usage: 'docker manifest rm MANIFEST_LIST [MANIFEST_LIST...]',
  description: 'Delete one or more manifest lists from local storage',
  experimental: true,
  flags: [],
  args: { min: 1 },
  async run(context, { args }) {
    const store = openStore(context);
    const failures: string[] = [];
    for (const text of args) {
      try {
        const { name } = parseManifestName(text);
        if (!store.has(name)) throw noSuchManifest(name);
        store.remove(name);
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
    return 0;
  },
};
