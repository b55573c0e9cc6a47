import { KnownError } from '../../../lib/errors.ts';
import { familiarReference, formatReference, parseReference } from '../../../oci/reference.ts';
import type { Command } from '../../command.ts';
import { registryAuth } from '../../config/auth.ts';
import { printNote } from '../../progress/note.ts';
import { outputOptions, showProgress } from '../../progress/show.ts';
import { platformQuery } from './platform.ts';
import { noteOf, PLATFORM_NOTE } from './push-note.ts';

/** `docker push`. */
export const push: Command = {
  usage: 'docker push [OPTIONS] NAME[:TAG]',
  description: 'Upload an image to a registry',
  flags: [
    { name: 'all-tags', short: 'a', kind: 'bool', description: 'Push all tags of an image to the repository' },
    { name: 'disable-content-trust', kind: 'bool', default: true, description: 'Skip image signing' },
    {
      name: 'platform',
      kind: 'string',
      description:
        "Push a platform-specific manifest as a single-platform image to the registry.\nImage index won't be pushed, meaning that other manifests, including attestations won't be preserved.\n'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    },
    { name: 'quiet', short: 'q', kind: 'bool', description: 'Suppress verbose output' },
  ],
  args: { min: 1, max: 1 },
  async run({ api, out, err, config }, { flags, args }) {
    if (!flags.bool('disable-content-trust')) {
      throw new KnownError('not_implemented', 'content trust is not supported');
    }
    const platform = platformQuery(flags.text('platform'));
    if (platform !== undefined) printNote(out, PLATFORM_NOTE);
    const [all, quiet] = [flags.bool('all-tags'), flags.bool('quiet')];
    const named = parseReference(args[0] ?? '');
    const nameOnly = named.tag === undefined && named.digest === undefined;
    if (all && !nameOnly) throw new KnownError('invalid_parameter', "tag can't be used with --all-tags/-a");
    if (named.digest !== undefined) throw new KnownError('invalid_parameter', 'cannot push a digest reference');
    const reference = nameOnly && !all ? { ...named, tag: 'latest' } : named;
    if (nameOnly && !all && !quiet) out('Using default tag: latest\n');
    const headers = await registryAuth(config.raw, reference, err);
    const name = familiarReference({ ...reference, tag: undefined });
    const query = { tag: reference.tag, platform };
    const response = await api.send('POST', `/images/${name}/push`, { query, headers });
    const notes: string[] = [];
    const onAux = (aux: unknown): void => void notes.push(...noteOf(aux));
    try {
      await showProgress(response.body, quiet ? () => undefined : out, { ...outputOptions(), onAux });
    } finally {
      for (const note of notes) printNote(out, note);
    }
    if (quiet) out(`${formatReference(reference)}\n`);
    return 0;
  },
};
