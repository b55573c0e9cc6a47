import { invalid } from '../../../lib/invalid.ts';
import type { Command } from '../../command.ts';
import { checkLabel } from '../../parse/env.ts';
import { parseMap } from '../../parse/map.ts';
import { openArchive } from '../image/load.ts';
import { LOCAL } from './local.ts';

/** The engine takes no more. */
const MAX_BYTES = 500 * 1024;

/** `docker secret create`. */
export const create: Command = {
  usage: 'docker secret create [OPTIONS] SECRET [file|-]',
  description: 'Create a secret from a file or STDIN as content',
  flags: [
    { name: 'driver', short: 'd', kind: 'string', description: 'Secret driver' },
    { name: 'label', short: 'l', kind: 'list', description: 'Secret labels', check: checkLabel },
    { name: 'template-driver', kind: 'string', description: 'Template driver' },
  ],
  args: { min: 2, max: 2 },
  async run({ api, out }, { flags, args }) {
    const [Name = '', source = ''] = args;
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of openArchive(source === '-' ? '' : source)) {
      size += chunk.length;
      if (size > MAX_BYTES) throw invalid(`secret data must be larger than 0 and less than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    const Data = Buffer.concat(chunks).toString('base64');
    const [driver, template] = [flags.text('driver'), flags.text('template-driver')];
    const body = {
      Name,
      Labels: parseMap(flags.list('label')),
      Data,
      ...(driver === '' ? {} : { Driver: { Name: driver } }),
      ...(template === '' ? {} : { Templating: { Name: template } }),
    };
    const { ID } = await api.json<{ readonly ID: string }>('POST', '/secrets/create', { body, ...LOCAL });
    out(`${ID}\n`);
    return 0;
  },
};
