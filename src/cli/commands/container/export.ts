import { KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { checkSaveTarget, writeWhole } from '../../copy/save.ts';
import { containerPath } from './each.ts';

/** `docker export`. */
export const exportContainer: Command = {
  usage: 'docker export [OPTIONS] CONTAINER',
  description: "Export a container's filesystem as a tar archive",
  flags: [{ name: 'output', short: 'o', kind: 'string', description: 'Write to a file, instead of STDOUT' }],
  args: { min: 1, max: 1 },
  async run({ api, out }, { flags, args }) {
    const output = flags.text('output');
    if (output === '' && process.stdout.isTTY)
      throw new KnownError('invalid_parameter', 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (output !== '') checkSaveTarget(output, 'failed to export container');
    const response = await api.send('GET', containerPath(args[0] ?? '', '/export'));
    if (output === '') for await (const chunk of response.body) out(chunk);
    else await writeWhole(output, response.body);
    return 0;
  },
};
