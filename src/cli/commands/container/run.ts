import type { Flags } from '../../../lib/flags/flag.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { Command, CommandContext } from '../../command.ts';
import { clientSide } from './client-side.ts';
import { type CreateBody, createBody } from './create-body.ts';
import { checkPullPolicy, createContainer } from './create-container.ts';
import { CREATE_FLAGS, RUN_FLAGS } from './create-flags.ts';
import { containerPath } from './each.ts';
import { refuse, toRunError } from './refuse.ts';

/** `docker run`: create, attach, wait, start, carry the streams, end with the container's status. */
export const run: Command = {
  usage: 'docker run [OPTIONS] IMAGE [COMMAND] [ARG...]',
  description: 'Create and run a new container from an image',
  flags: [...CREATE_FLAGS, ...RUN_FLAGS],
  args: { min: 1 },
  interspersed: false,
  async run(context, { flags, args }) {
    const size = await consoleSize(flags);
    const body = refuse('run', () => {
      checkPullPolicy(flags);
      return createBody(flags, args, clientSide(context, size));
    });
    if (flags.bool('detach')) return await runDetached(context, flags, body);
    const { checkTtyInput } = await import('../../terminal/input.ts');
    checkTtyInput(body.AttachStdin, body.Tty);
    const id = await tryRun(createContainer(context, flags, body));
    const { runAttached } = await import('./attached.ts');
    return await runAttached(context, {
      id,
      tty: body.Tty,
      stdin: body.AttachStdin,
      stdout: body.AttachStdout,
      stderr: body.AttachStderr,
      detachKeys: flags.text('detach-keys'),
      signals: flags.bool('sig-proxy'),
      autoRemove: body.HostConfig.AutoRemove,
      toStartError: toRunError,
    });
  },
};

async function runDetached(context: CommandContext, flags: Flags, body: CreateBody): Promise<number> {
  if (flags.list('attach').length > 0) {
    throw invalid('conflicting options: cannot specify both --attach and --detach');
  }
  const unattached = { ...body, AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false };
  const id = await tryRun(createContainer(context, flags, unattached));
  context.out(`${id}\n`);
  await tryRun(context.api.call('POST', containerPath(id, '/start')));
  return 0;
}

async function tryRun<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    throw toRunError(error);
  }
}

/** The daemon wants it for Windows only, and Docker's client always says it; without a terminal it is zeros. */
async function consoleSize(flags: Flags): Promise<readonly [number, number]> {
  if (!flags.bool('tty')) return [0, 0];
  return (await import('../../terminal/tty.host.ts')).terminalSize(1);
}
