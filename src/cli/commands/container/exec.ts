import { KnownError } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command, CommandContext } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { parseEnv, parseKeyValueFile } from '../../parse/env.ts';
import { detachKeysOf, runSession } from '../../streams/session.ts';
import { checkTtyInput } from '../../terminal/input.ts';
import { followSize } from '../../terminal/resize.ts';
import { isTerminal } from '../../terminal/tty.host.ts';
import { DETACHED, upgraded } from './attached.ts';
import { openText } from './client-side.ts';
import { containerPath } from './each.ts';

/** `docker exec`. */
export const exec: Command = {
  usage: 'docker exec [OPTIONS] CONTAINER COMMAND [ARG...]',
  description: 'Execute a command in a running container',
  flags: [
    { name: 'detach', short: 'd', kind: 'bool', description: 'Detached mode: run command in the background' },
    { name: 'detach-keys', kind: 'string', description: 'Override the key sequence for detaching a container' },
    {
      name: 'env',
      short: 'e',
      kind: 'list',
      description: 'Set environment variables',
      check: (text) => {
        parseEnv(text, () => undefined);
      },
    },
    { name: 'env-file', kind: 'list', description: 'Read in a file of environment variables' },
    { name: 'interactive', short: 'i', kind: 'bool', description: 'Keep STDIN open even if not attached' },
    { name: 'privileged', kind: 'bool', description: 'Give extended privileges to the command' },
    { name: 'tty', short: 't', kind: 'bool', description: 'Allocate a pseudo-TTY' },
    {
      name: 'user',
      short: 'u',
      kind: 'string',
      description: 'Username or UID (format: "<name|uid>[:<group|gid>]")',
    },
    { name: 'workdir', short: 'w', kind: 'string', description: 'Working directory inside the container' },
  ],
  args: { min: 2 },
  interspersed: false,
  async run(context, { flags, args }) {
    const [name = '', ...command] = args;
    const env = envOf(flags);
    await context.api.call('GET', containerPath(name, '/json'));
    const [detach, tty] = [flags.bool('detach'), flags.bool('tty')];
    const size = tty ? (await import('../../terminal/tty.host.ts')).terminalSize(1) : undefined;
    const sizing = size === undefined ? {} : { ConsoleSize: size };
    const stdin = flags.bool('interactive') && !detach;
    if (!detach) checkTtyInput(stdin, tty);
    const body = {
      User: flags.text('user'),
      Privileged: flags.bool('privileged'),
      Tty: tty,
      ...sizing,
      AttachStdin: stdin,
      AttachStderr: !detach,
      AttachStdout: !detach,
      Detach: detach,
      DetachKeys: detachKeysOf(context, flags.text('detach-keys')),
      Env: env.length === 0 ? null : env,
      WorkingDir: flags.text('workdir'),
      Cmd: command,
    };
    const { Id: id } = await context.api.json<{ Id?: string }>('POST', containerPath(name, '/exec'), { body });
    if (!id) throw new KnownError('system', 'exec ID empty');
    const start = { Detach: detach, Tty: tty, ...sizing };
    if (!detach) return await runExec(context, id, start, { tty, stdin, detachKeys: body.DetachKeys });
    await context.api.call('POST', `/exec/${id}/start`, { body: start });
    return 0;
  },
};

/** Resolves with the exit status of the command. Errors: ExitError when the user detaches. */
async function runExec(
  context: CommandContext,
  id: string,
  body: object,
  session: { readonly tty: boolean; readonly stdin: boolean; readonly detachKeys: string },
): Promise<number> {
  const socket = upgraded(await context.api.send('POST', `/exec/${id}/start`, { body, upgrade: true }));
  const stopResize = session.tty && isTerminal(1) ? followSize(context.api, `/exec/${id}/resize`) : undefined;
  try {
    const end = await runSession(context, socket, { ...session, stdout: true, stderr: true });
    if (end === 'detached') throw new ExitError(1, DETACHED);
  } finally {
    stopResize?.();
  }
  const { ExitCode: status } = await context.api.json<{ ExitCode?: number | null }>('GET', `/exec/${id}/json`);
  return status ?? 0;
}

function envOf(flags: Flags): readonly string[] {
  const lookup = (name: string): string | undefined => process.env[name];
  const fromFiles = flags.list('env-file').flatMap((path) => parseKeyValueFile(openText(path), path, lookup));
  return [...fromFiles, ...flags.list('env').map((text) => parseEnv(text, lookup))];
}
