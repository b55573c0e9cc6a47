import type { ContainerInspectResponse, ContainerWaitResponse } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { Command, CommandContext } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { detachKeysOf, runSession } from '../../streams/session.ts';
import { checkTtyInput } from '../../terminal/input.ts';
import { followSize } from '../../terminal/resize.ts';
import { isTerminal } from '../../terminal/tty.host.ts';
import { DETACHED, openAttach, proxyTo } from './attached.ts';
import { containerPath } from './each.ts';

/** `docker attach`. */
export const attach: Command = {
  usage: 'docker attach [OPTIONS] CONTAINER',
  description: 'Attach local standard input, output, and error streams to a running container',
  flags: [
    { name: 'detach-keys', kind: 'string', description: 'Override the key sequence for detaching a container' },
    { name: 'no-stdin', kind: 'bool', description: 'Do not attach STDIN' },
    {
      name: 'sig-proxy',
      kind: 'bool',
      default: true,
      description: 'Proxy all received signals to the process',
    },
  ],
  args: { min: 1, max: 1 },
  async run(context, { flags, args }) {
    const [name = ''] = args;
    const found = await inspectRunning(context, name);
    const tty = found.Config?.Tty ?? false;
    const stdin = !flags.bool('no-stdin') && (found.Config?.OpenStdin ?? false);
    checkTtyInput(stdin, tty);
    const signals = flags.bool('sig-proxy') && !tty;
    const detachKeys = detachKeysOf(context, flags.text('detach-keys'));
    const id = found.Id ?? name;
    const options = { id, tty, stdin, stdout: true, stderr: true, detachKeys, signals, autoRemove: false };
    const waiting = await context.api.send('POST', containerPath(id, '/wait'));
    const socket = await openAttach(context, options);
    const stopProxy = signals ? proxyTo(context, id) : undefined;
    const stopResize = tty && isTerminal(1) ? followSize(context.api, containerPath(id, '/resize'), true) : undefined;
    try {
      if ((await runSession(context, socket, options)) === 'detached') throw new ExitError(1, DETACHED);
      const result = JSON.parse(await waiting.text()) as ContainerWaitResponse;
      if (result.Error?.Message) throw new KnownError('system', result.Error.Message);
      return result.StatusCode ?? 0;
    } finally {
      waiting.socket.close();
      stopResize?.();
      stopProxy?.();
    }
  },
};

async function inspectRunning(context: CommandContext, name: string): Promise<ContainerInspectResponse> {
  const found = await context.api.json<ContainerInspectResponse>('GET', containerPath(name, '/json'));
  const { Running, Paused, Restarting } = found.State ?? {};
  if (!Running) {
    throw new KnownError('conflict', 'cannot attach to a stopped container, start it first');
  }
  if (Paused) throw new KnownError('conflict', 'cannot attach to a paused container, unpause it first');
  if (Restarting) {
    throw new KnownError('conflict', 'cannot attach to a restarting container, wait until it is running');
  }
  return found;
}
