import type { ImageDeleteResponseItem } from '../../../api/types/image.ts';
import { isKind, messageOf } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command, CommandContext } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';
import { platformQuery } from './platform.ts';

/** `docker rmi`. */
export const rm: Command = {
  usage: 'docker rmi [OPTIONS] IMAGE [IMAGE...]',
  description: 'Remove one or more images',
  flags: [
    { name: 'force', short: 'f', kind: 'bool', description: 'Force removal of the image' },
    { name: 'no-prune', kind: 'bool', description: 'Do not delete untagged parents' },
    {
      name: 'platform',
      kind: 'list',
      placeholder: 'strings',
      description: 'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
  ],
  args: { min: 1 },
  async run(context, { flags, args }) {
    const failures: unknown[] = [];
    for (const name of args) await removeOne(context, name, flags).catch((error: unknown) => failures.push(error));
    if (failures.length === 0) return 0;
    const text = failures.map(messageOf).join('\n');
    const onlyMissing = failures.every((error) => isKind(error, 'not_found'));
    if (!flags.bool('force') || !onlyMissing) throw new ExitError(1, text);
    context.err(`${text}\n`);
    return 0;
  },
};

async function removeOne({ api, out }: CommandContext, name: string, flags: Flags): Promise<void> {
  const platforms = flags
    .list('platform')
    .flatMap((text) => text.split(','))
    .flatMap((text) => platformQuery(text) ?? []);
  const query = { force: flags.bool('force'), noprune: flags.bool('no-prune'), platforms };
  const removed = await api.json<ImageDeleteResponseItem[]>('DELETE', `/images/${encodeURIComponent(name)}`, { query });
  for (const { Deleted, Untagged = '' } of removed) out(Deleted ? `Deleted: ${Deleted}\n` : `Untagged: ${Untagged}\n`);
}
