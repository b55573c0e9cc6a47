import { KnownError } from '../../../lib/errors.ts';
import type { Command } from '../../command.ts';
import { parseManifestName } from '../../manifest/names.ts';
import { openRegistries, openStore } from '../../manifest/open.ts';

/** `docker manifest push`. */
export const push: Command = {
  usage: 'docker manifest push [OPTIONS] MANIFEST_LIST',
  description: 'Push a manifest list to a repository',
  experimental: true,
  flags: [
    { name: 'insecure', kind: 'bool', description: 'Allow push to an insecure registry' },
    { name: 'purge', short: 'p', kind: 'bool', description: 'Remove the local manifest list after push' },
  ],
  args: { min: 1, max: 1 },
  async run(context, { flags, args }) {
    const named = parseManifestName(args[0] ?? '');
    const store = openStore(context);
    const manifests = store.list(named.name);
    if (manifests.length === 0) throw new KnownError('not_found', `${named.name} not found`);
    const { planListPush, pushList } = await import('../../manifest/push-list.ts');
    const plan = planListPush(named.reference, manifests);
    const { signal } = new AbortController();
    await pushList(await openRegistries(context, flags.bool('insecure'), signal), named, plan, context.out, signal);
    if (flags.bool('purge')) store.remove(named.name);
    return 0;
  },
};
