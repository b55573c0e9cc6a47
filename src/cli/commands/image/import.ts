import { parseReference } from '../../../oci/reference.ts';
import type { Command } from '../../command.ts';
import { outputOptions, showProgress } from '../../progress/show.ts';
import { openArchive } from './load.ts';

/** `docker import`. */
export const importImage: Command = {
  usage: 'docker import [OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  description: 'Import the contents from a tarball to create a filesystem image',
  flags: [
    {
      name: 'change',
      short: 'c',
      kind: 'list',
      description: 'Apply Dockerfile instruction to the created image',
    },
    { name: 'message', short: 'm', kind: 'string', description: 'Set commit message for imported image' },
    { name: 'platform', kind: 'string', description: 'Set platform if server is multi-platform capable' },
  ],
  args: { min: 1 },
  async run({ api, out }, { flags, args }) {
    const [source = '', reference = ''] = args;
    if (reference !== '') parseReference(reference);
    const remote = /^https?:\/\//.test(source);
    const query = {
      fromSrc: remote ? source : '-',
      repo: reference,
      message: flags.text('message'),
      platform: flags.text('platform').toLowerCase(),
      changes: flags.list('change'),
    };
    const upload = remote ? {} : { upload: openArchive(source === '-' ? '' : source) };
    const response = await api.send('POST', '/images/create', { query, ...upload });
    await showProgress(response.body, out, outputOptions());
    return 0;
  },
};
