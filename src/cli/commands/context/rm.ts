import { dirname } from 'node:path';
import { messageOf } from '../../../lib/errors.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { Command } from '../../command.ts';
import { hasContext, removeContext } from '../../config/context-store.ts';
import { changeConfig } from '../../config/save.ts';
import { ExitError } from '../../exit-error.ts';

/** `docker context rm`: one after another. One in use only by force; then none is in use. */
export const rm: Command = {
  usage: 'docker context rm CONTEXT [CONTEXT...]',
  description: 'Remove one or more contexts',
  withoutDaemon: true,
  flags: [{ name: 'force', short: 'f', kind: 'bool', description: 'Force the removal of a context in use' }],
  args: { min: 1 },
  async run({ out, config }, { flags, args }) {
    const directory = dirname(config.path);
    const force = flags.bool('force');
    const failures: string[] = [];
    for (const name of args) {
      try {
        if (name === 'default') throw invalid('context "default" cannot be removed');
        if (!force && !hasContext(directory, name)) throw invalid(`context "${name}" does not exist`);
        if (name === config.contextName) {
          if (!force) throw invalid(`context "${name}" is in use, set -f flag to force remove`);
          await changeConfig(config.path, ({ currentContext: _before, ...others }) => others);
        }
        removeContext(directory, name);
        out(`${name}\n`);
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
    return 0;
  },
};
