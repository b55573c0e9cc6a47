import { KnownError } from '../../../lib/errors.ts';
import { canonicalName, formatReference, parseReference } from '../../../oci/reference.ts';
import type { Command } from '../../command.ts';
import { registryAuth } from '../../config/auth.ts';
import { outputOptions, showProgress } from '../../progress/show.ts';

/** `docker pull`. */
export const pull: Command = {
  usage: 'docker pull [OPTIONS] NAME[:TAG|@DIGEST]',
  description: 'Download an image from a registry',
  flags: [
    { name: 'all-tags', short: 'a', kind: 'bool', description: 'Download all tagged images in the repository' },
    {
      name: 'disable-content-trust',
      kind: 'bool',
      default: true,
      description: 'Skip image verification',
    },
    { name: 'platform', kind: 'string', description: 'Set platform if server is multi-platform capable' },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Suppress verbose output' },
  ],
  args: { min: 1, max: 1 },
  async run({ api, out, err, config }, { flags, args }) {
    if (!flags.bool('disable-content-trust')) {
      throw new KnownError('not_implemented', 'content trust is not supported');
    }
    const [all, quiet] = [flags.bool('all-tags'), flags.bool('quiet')];
    const named = parseReference(args[0] ?? '');
    const nameOnly = named.tag === undefined && named.digest === undefined;
    if (all && !nameOnly) throw new KnownError('invalid_parameter', "tag can't be used with --all-tags/-a");
    const reference = nameOnly && !all ? { ...named, tag: 'latest' } : named;
    if (nameOnly && !all && !quiet) out('Using default tag: latest\n');
    const query = {
      fromImage: canonicalName(reference),
      tag: reference.digest ?? reference.tag,
      platform: flags.text('platform').toLowerCase(),
    };
    const headers = await registryAuth(config.raw, reference, err);
    const response = await api.send('POST', '/images/create', { query, headers });
    await showProgress(response.body, quiet ? () => undefined : out, outputOptions());
    out(`${formatReference(reference)}\n`);
    return 0;
  },
};
