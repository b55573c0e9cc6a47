import { isKind, wrapError } from '../../../lib/errors.ts';
import type { Command, CommandContext } from '../../command.ts';
import { indentJson } from '../../format/indent.ts';
import { formatList } from '../../manifest/list-document.ts';
import type { NamedManifest } from '../../manifest/names.ts';
import { parseManifestName } from '../../manifest/names.ts';
import { openRegistries, openStore } from '../../manifest/open.ts';
import { noSuchManifest } from '../../manifest/store.ts';
import type { StoredManifest } from '../../manifest/stored-manifest.ts';
import { formatStored } from '../../manifest/stored-manifest.ts';
import { INSECURE_FLAG } from './insecure-flag.ts';

/** `docker manifest inspect`. */
export const inspect: Command = {
  usage: 'docker manifest inspect [OPTIONS] [MANIFEST_LIST] MANIFEST',
  description: 'Display an image manifest, or manifest list',
  experimental: true,
  flags: [
    INSECURE_FLAG,
    {
      name: 'verbose',
      short: 'v',
      kind: 'bool',
      description: 'Output additional info including layers and platform',
    },
  ],
  args: { min: 1, max: 2 },
  async run(context, { flags, args }) {
    const verbose = flags.bool('verbose');
    const named = parseManifestName(args.at(-1) ?? '');
    const store = openStore(context);
    if (args.length === 2) {
      const found = store.find(parseManifestName(args[0] ?? '').name, named.name);
      if (!found) throw noSuchManifest(named.name);
      context.out(formatOne(found, found.document, verbose));
      return 0;
    }
    const local = readLocal(() => store.list(named.name));
    context.out(
      local ? formatAll(named, local, verbose) : await inspectRemote(context, named, flags.bool('insecure'), verbose),
    );
    return 0;
  },
};

/** Undefined when there is no such list, and for one that cannot be read: the registry's counts then. */
function readLocal(read: () => readonly StoredManifest[]): readonly StoredManifest[] | undefined {
  try {
    return read();
  } catch (error) {
    if (isKind(error, 'not_found', 'invalid_parameter')) return undefined;
    throw error;
  }
}

async function inspectRemote(
  context: CommandContext,
  named: NamedManifest,
  insecure: boolean,
  verbose: boolean,
): Promise<string> {
  const { fetchDocument } = await import('../../manifest/fetch-manifest.ts');
  const { signal } = new AbortController();
  const found = await fetchDocument(await openRegistries(context, insecure, signal), named, signal);
  if (found.kind === 'list') return formatAll(named, found.manifests, verbose);
  return formatOne(found.manifest, Buffer.from(found.manifest.raw ?? []).toString(), verbose);
}

function formatOne(manifest: StoredManifest, document: string, verbose: boolean): string {
  return `${indentJson(verbose ? formatStored(manifest) : document, '\t')}\n`;
}

function formatAll({ reference }: NamedManifest, manifests: readonly StoredManifest[], verbose: boolean): string {
  if (verbose) return `${indentJson(`[${manifests.map(formatStored).join(',')}]`, '\t')}\n`;
  try {
    return `${formatList(reference.registry, manifests).text}\n`;
  } catch (error) {
    throw wrapError(error, 'failed to assemble ManifestDescriptor');
  }
}
