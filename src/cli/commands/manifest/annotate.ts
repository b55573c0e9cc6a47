import { KnownError, wrapError } from '../../../lib/errors.ts';
import type { Flags } from '../../../lib/flags/flag.ts';
import type { Command } from '../../command.ts';
import { parseManifestName } from '../../manifest/names.ts';
import { openStore } from '../../manifest/open.ts';
import { isKnownOsArch } from '../../manifest/os-arch.ts';
import type { ManifestPlatform } from '../../manifest/stored-manifest.ts';
import { parseCsvLine } from '../../parse/csv.ts';

/** `docker manifest annotate`. */
export const annotate: Command = {
  usage: 'docker manifest annotate [OPTIONS] MANIFEST_LIST MANIFEST',
  description: 'Add additional information to a local image manifest',
  experimental: true,
  flags: [
    { name: 'arch', kind: 'string', description: 'Set architecture' },
    { name: 'os', kind: 'string', description: 'Set operating system' },
    { name: 'os-features', kind: 'list', placeholder: 'strings', description: 'Set operating system feature' },
    { name: 'os-version', kind: 'string', description: 'Set operating system version' },
    { name: 'variant', kind: 'string', description: 'Set architecture variant' },
  ],
  args: { min: 2, max: 2 },
  async run(context, { flags, args }) {
    const [target = '', image = ''] = args;
    const list = parseName(target, 'manifest list');
    const manifest = parseName(image, 'manifest');
    const store = openStore(context);
    const found = store.find(list, manifest);
    if (!found) throw new KnownError('not_found', `manifest for image ${image} does not exist in ${target}`);
    const platform = annotated(found.platform ?? { architecture: '', os: '' }, flags);
    if (!isKnownOsArch(platform.os, platform.architecture)) {
      const given = `${flags.text('os')}/${flags.text('arch')}`;
      throw new KnownError(
        'invalid_parameter',
        `manifest entry for image has unsupported os/arch combination: ${given}`,
      );
    }
    store.save(list, new Map([[manifest, { ...found, platform }]]));
    return 0;
  },
};

function parseName(text: string, what: string): string {
  try {
    return parseManifestName(text).name;
  } catch (error) {
    throw wrapError(error, `annotate: error parsing name for ${what} ${text}`);
  }
}

function annotated(platform: ManifestPlatform, flags: Flags): ManifestPlatform {
  const given = flags.list('os-features').flatMap((text) => (text === '' ? [] : parseCsvLine(text)));
  const features = [...(platform.osFeatures ?? []), ...given];
  return {
    os: flags.text('os') || platform.os,
    architecture: flags.text('arch') || platform.architecture,
    osVersion: flags.text('os-version') || (platform.osVersion ?? ''),
    osFeatures: [...new Set(features)],
    variant: flags.text('variant') || (platform.variant ?? ''),
  };
}
