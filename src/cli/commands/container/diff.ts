import type { FilesystemChange } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { containerPath } from './each.ts';

const LETTERS = ['C', 'A', 'D'];

/** `docker diff`. */
export const diff: Command = {
  usage: 'docker diff CONTAINER',
  description: "Inspect changes to files or directories on a container's filesystem",
  flags: [],
  args: { min: 1, max: 1 },
  async run({ api, out }, { args }) {
    const [name = ''] = args;
    if (name === '') throw new KnownError('invalid_parameter', 'Container name cannot be empty');
    const changes = await api.json<FilesystemChange[] | null>('GET', containerPath(name, '/changes'));
    out((changes ?? []).map(({ Kind = 0, Path = '' }) => `${LETTERS[Kind] ?? ''} ${Path}\n`).join(''));
    return 0;
  },
};
