import { invalid } from '../../../lib/invalid.ts';
import type { Command } from '../../command.ts';
import { checkSaveTarget, writeWhole } from '../../copy/save.ts';
import { volumePath } from './path.ts';

/** `docker volume export`: ours. */
export const exportVolume: Command = {
  usage: 'docker volume export [OPTIONS] VOLUME',
  description: "Export a volume's content as a tar archive",
  flags: [{ name: 'output', short: 'o', kind: 'string', description: 'Write to a file, instead of STDOUT' }],
  args: { min: 1, max: 1 },
  async run({ api, out }, { flags, args }) {
    const output = flags.text('output');
    if (output === '' && process.stdout.isTTY)
      throw invalid('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    if (output !== '') checkSaveTarget(output, 'failed to export volume');
    const response = await api.send('GET', `${volumePath(args[0] ?? '')}/export`);
    if (output === '') for await (const chunk of response.body) out(chunk);
    else await writeWhole(output, response.body);
    return 0;
  },
};
