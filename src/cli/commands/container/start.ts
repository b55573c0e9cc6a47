import type { ContainerInspectResponse } from '../../../api/types/container.ts';
import { messageOf } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import { invalid } from '../../../lib/invalid.ts';
import type { Command, CommandContext } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { containerPath } from './each.ts';

/** `docker start`. */
export const start: Command = {
  usage: 'docker start [OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Start one or more stopped containers',
  flags: [
    { name: 'attach', short: 'a', kind: 'bool', description: 'Attach STDOUT/STDERR and forward signals' },
    { name: 'checkpoint', hidden: true, kind: 'string', description: 'Restore from this checkpoint' },
    { name: 'checkpoint-dir', hidden: true, kind: 'string', description: 'Use a custom checkpoint storage directory' },
    { name: 'detach-keys', kind: 'string', description: 'Override the key sequence for detaching a container' },
    { name: 'interactive', short: 'i', kind: 'bool', description: "Attach container's STDIN" },
  ],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const experimental = ['checkpoint', 'checkpoint-dir'].find((name) => flags.given(name));
    if (experimental !== undefined) {
      throw invalid(`"--${experimental}" is only supported on a Docker daemon with experimental features enabled`);
    }
    if (!flags.bool('attach') && !flags.bool('interactive')) return await startAll(context, args);
    if (args.length > 1) throw invalid('you cannot start and attach multiple containers at once');
    return await startAttached(context, args[0] ?? '', flags);
  },
};

async function startAll(context: CommandContext, names: readonly string[]): Promise<number> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await context.api.call('POST', containerPath(name, '/start'));
      context.out(`${name}\n`);
    } catch (error) {
      context.err(`${messageOf(error)}\n`);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new ExitError(1, `Error: failed to start containers: ${failed.join(', ')}`);
  return 0;
}

async function startAttached(context: CommandContext, name: string, flags: Flags): Promise<number> {
  const found = await context.api.json<ContainerInspectResponse>('GET', containerPath(name, '/json'));
  const { runAttached } = await import('./attached.ts');
  const tty = found.Config?.Tty ?? false;
  return await runAttached(context, {
    id: found.Id ?? name,
    tty,
    stdin: flags.bool('interactive') && (found.Config?.OpenStdin ?? false),
    stdout: true,
    stderr: true,
    detachKeys: flags.text('detach-keys'),
    signals: !tty,
    autoRemove: found.HostConfig?.AutoRemove ?? false,
  });
}
