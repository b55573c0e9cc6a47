import { dirname } from 'node:path';
import type { Command } from '../../command.ts';
import { checkContextName, readContext } from '../../config/context-store.ts';
import { changeConfig } from '../../config/save.ts';
import { overrideWarning } from './endpoint-flags.ts';

/** `docker context use`: the choice is kept in config.json. */
export const use: Command = {
  usage: 'docker context use CONTEXT',
  description: 'Set the current docker context',
  withoutDaemon: true,
  flags: [],
  args: { min: 1, max: 1 },
  async run({ out, err, config }, { args }) {
    const [name = ''] = args;
    if (name !== 'default') {
      checkContextName(name);
      readContext(dirname(config.path), name);
    }
    await changeConfig(config.path, ({ currentContext: _before, ...others }) =>
      name === 'default' ? others : { ...others, currentContext: name },
    );
    out(`${name}\n`);
    err(`Current context is now "${name}"\n`);
    if (name !== 'default' && process.env['DOCKER_HOST']) err(overrideWarning(`"${name}"`));
    return 0;
  },
};
