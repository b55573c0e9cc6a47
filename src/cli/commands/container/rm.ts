import { isKind, KnownError, messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { containerPath } from './each.ts';

/** `docker rm`. */
export const rm: Command = {
  usage: 'docker rm [OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Remove one or more containers',
  flags: [
    { name: 'force', short: 'f', kind: 'bool', description: 'Force the removal of a running container (uses SIGKILL)' },
    { name: 'link', short: 'l', kind: 'bool', description: 'Remove the specified link' },
    {
      name: 'volumes',
      short: 'v',
      kind: 'bool',
      description: 'Remove anonymous volumes associated with the container',
    },
  ],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const force = flags.bool('force');
    const query = { force, link: flags.bool('link'), v: flags.bool('volumes') };
    const remove = async (given: string): Promise<void> => {
      const name = given.replace(/^\/+|\/+$/g, '');
      if (name === '') throw new KnownError('invalid_parameter', 'container name cannot be empty');
      await context.api.call('DELETE', containerPath(name), { query });
    };
    const results = args.map((name) =>
      remove(name).then(
        () => undefined,
        (error: unknown) => ({ error }),
      ),
    );
    const failures: string[] = [];
    for (const [index, name] of args.entries()) {
      const failure = await results[index];
      if (failure === undefined) context.out(`${name}\n`);
      else if (force && isKind(failure.error, 'not_found')) context.err(`${failure.error.message}\n`);
      else failures.push(messageOf(failure.error));
    }
    if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
    return 0;
  },
};
