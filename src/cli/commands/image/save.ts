import { KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { checkSaveTarget, writeWhole } from '../../copy/save.ts';
import { platformQuery } from './platform.ts';

/** `docker save`. */
export const save: Command = {
  usage: 'docker save [OPTIONS] IMAGE [IMAGE...]',
  description: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  flags: [
    { name: 'output', short: 'o', kind: 'string', description: 'Write to a file, instead of STDOUT' },
    {
      name: 'platform',
      kind: 'string',
      description: 'Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
  ],
  args: { min: 1 },
  async run({ api, out }, { flags, args }) {
    const output = flags.text('output');
    const platform = platformQuery(flags.text('platform'));
    if (output === '' && process.stdout.isTTY) {
      throw new KnownError('invalid_parameter', 'cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    if (output !== '') checkSaveTarget(output, 'failed to save image');
    const response = await api.send('GET', '/images/get', { query: { names: args, platform } });
    if (output === '') for await (const chunk of response.body) out(chunk);
    else await writeWhole(output, response.body);
    return 0;
  },
};
