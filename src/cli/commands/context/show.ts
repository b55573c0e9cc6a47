import type { Command } from '../../command.ts';

/** `docker context show`. */
export const show: Command = {
  usage: 'docker context show',
  description: 'Print the name of the current context',
  withoutDaemon: true,
  flags: [],
  args: { min: 0, max: 0 },
  run({ out, config }) {
    out(`${config.contextName}\n`);
    return Promise.resolve(0);
  },
};
