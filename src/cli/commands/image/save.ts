import { createWriteStream, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
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
    if (output !== '') checkOutput(output);
    const response = await api.send('GET', '/images/get', { query: { names: args, platform } });
    if (output === '') for await (const chunk of response.body) out(chunk);
    else await writeWhole(output, response.body);
    return 0;
  },
};

/** Refuses what a file cannot take the place of, in the words of moby's atomicwriter. */
function checkOutput(path: string): void {
  const problem = (text: string): KnownError => new KnownError('invalid_parameter', `failed to save image: ${text}`);
  const directory = dirname(path);
  if (!statSync(directory, { throwIfNoEntry: false })) {
    throw problem(`invalid output path: stat ${directory}: no such file or directory`);
  }
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory()) throw problem('cannot write to a directory');
  if (found?.isFIFO()) throw problem('cannot write to a named pipe file');
  if (found?.isSocket()) throw problem('cannot write to a socket file');
  if (found?.isCharacterDevice()) throw problem('cannot write to a character device file');
  if (found?.isBlockDevice()) throw problem('cannot write to a block device file');
}

/** The file appears when it is complete. */
async function writeWhole(path: string, body: AsyncIterable<Uint8Array>): Promise<void> {
  const target = `${path}.tmp-${process.pid}`;
  try {
    await pipeline(body, createWriteStream(target, { mode: 0o600 }));
    await rename(target, path);
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
}
