import type { Command } from '../../command.ts';
import { terminalSize } from '../../terminal/tty.host.ts';
import { clientSide } from './client-side.ts';
import { createBody } from './create-body.ts';
import { checkPullPolicy, createContainer } from './create-container.ts';
import { CREATE_FLAGS } from './create-flags.ts';
import { refuse } from './refuse.ts';

/** `docker create`. */
export const create: Command = {
  usage: 'docker create [OPTIONS] IMAGE [COMMAND] [ARG...]',
  description: 'Create a new container',
  flags: CREATE_FLAGS.map((flag) =>
    flag.name === 'pull' ? { ...flag, description: flag.description.replace('running', 'creating') } : flag,
  ),
  args: { min: 1 },
  interspersed: false,
  async run(context, { flags, args }) {
    const body = refuse('create', () => {
      checkPullPolicy(flags);
      return createBody(flags, args, clientSide(context, terminalSize(1)));
    });
    context.out(`${await createContainer(context, flags, body)}\n`);
    return 0;
  },
};
