import { KnownError, wrapError } from '../../../lib/errors.ts';
import type { Command, CommandContext } from '../../command.ts';
import type { NamedManifest } from '../../manifest/names.ts';
import { parseManifestName } from '../../manifest/names.ts';
import { openRegistries, openStore } from '../../manifest/open.ts';
import type { StoredManifest } from '../../manifest/stored-manifest.ts';
import { INSECURE_FLAG } from './insecure-flag.ts';

/** `docker manifest create`. */
export const create: Command = {
  usage: 'docker manifest create MANIFEST_LIST MANIFEST [MANIFEST...]',
  description: 'Create a local manifest list for annotating and pushing to a registry',
  experimental: true,
  flags: [{ name: 'amend', short: 'a', kind: 'bool', description: 'Amend an existing manifest list' }, INSECURE_FLAG],
  args: { min: 2 },
  async run(context, { flags, args }) {
    const [target = '', ...sources] = args;
    const list = parseTarget(target);
    const store = openStore(context);
    if (store.has(list.name) && !flags.bool('amend'))
      throw new KnownError('conflict', 'refusing to amend an existing manifest list with no --amend flag');
    const found = new Map<string, StoredManifest>();
    for (const source of sources) {
      const named = parseManifestName(source);
      const kept = store.find(list.name, named.name);
      found.set(named.name, kept?.raw ? kept : await fetchOne(context, named, flags.bool('insecure')));
    }
    store.save(list.name, found);
    context.out(`Created manifest list ${list.name}\n`);
    return 0;
  },
};

function parseTarget(text: string): NamedManifest {
  try {
    return parseManifestName(text);
  } catch (error) {
    throw wrapError(error, `error parsing name for manifest list ${text}`);
  }
}

async function fetchOne(context: CommandContext, named: NamedManifest, insecure: boolean): Promise<StoredManifest> {
  const { fetchDocument } = await import('../../manifest/fetch-manifest.ts');
  const { signal } = new AbortController();
  const found = await fetchDocument(await openRegistries(context, insecure, signal), named, signal);
  if (found.kind === 'list') throw new KnownError('invalid_parameter', `${named.name} is a manifest list`);
  return found.manifest;
}
