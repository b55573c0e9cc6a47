import { createReadStream, statSync } from 'node:fs';
import { errnoOf, KnownError, messageOf } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { outputOptions, showProgress } from '../../progress/show.ts';
import { platformQuery } from './platform.ts';

const CHUNK_BYTES = 256 * 1024;

/** `docker load`. */
export const load: Command = {
  usage: 'docker load [OPTIONS]',
  description: 'Load an image from a tar archive or STDIN',
  flags: [
    { name: 'input', short: 'i', kind: 'string', description: 'Read from tar archive file, instead of STDIN' },
    {
      name: 'platform',
      kind: 'string',
      description: 'Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Suppress the load output' },
  ],
  args: { min: 0, max: 0 },
  async run({ api, out }, { flags }) {
    const input = flags.text('input');
    if (input === '' && process.stdin.isTTY) {
      throw new KnownError('invalid_parameter', 'requested load from stdin, but stdin is empty');
    }
    const options = outputOptions();
    const query = {
      quiet: flags.bool('quiet') || !options.terminal ? '1' : '0',
      platform: platformQuery(flags.text('platform')),
    };
    const response = await api.send('POST', '/images/load', { query, upload: openArchive(input) });
    if (response.headers.get('content-type') === 'application/json') await showProgress(response.body, out, options);
    else for await (const chunk of response.body) out(Buffer.from(chunk).toString());
    return 0;
  },
};

/** The bytes of a file, of standard input when there is no name. Errors: not_found `open x: no such file or directory`. */
export function openArchive(path: string): AsyncIterable<Uint8Array> {
  if (path === '') return process.stdin;
  try {
    statSync(path);
  } catch (error) {
    const reason = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : messageOf(error);
    throw new KnownError('not_found', `open ${path}: ${reason}`, { cause: error });
  }
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}
