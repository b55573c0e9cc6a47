import type { Command } from '../../command.ts';
import { HUB_KEY } from '../../config/credentials.ts';
import { dropCredentials } from '../../config/save.ts';
import { addressOf } from './login.ts';

/** `docker logout`. Asks no daemon. */
export const logout: Command = {
  usage: 'docker logout [SERVER]',
  description: 'Log out from a registry.\nIf no server is specified, the default is defined by the daemon.',
  flags: [],
  args: { min: 0, max: 1 },
  async run({ out, config }, { args }) {
    const address = addressOf(args[0]);
    out(`Removing login credentials for ${address === HUB_KEY ? HUB_KEY : address}\n`);
    await dropCredentials(config.path, config.raw, address);
    return 0;
  },
};
