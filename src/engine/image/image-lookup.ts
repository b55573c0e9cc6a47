import { parsePlatform } from '../../oci/platform.ts';
import { pickManifest } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { notRunnable, wrongPlatform } from './errors.ts';
import { findImage } from './find.ts';
import type { ImageLookup } from './image.ts';
import { unpack } from './unpack.ts';

/** The container rules' view of images. An image that was loaded for another platform is taken when it is the only one. */
export function createImageLookup(
  deps: Pick<ImageServiceDeps, 'records' | 'catalog' | 'layers' | 'host' | 'collector'>,
): ImageLookup {
  return {
    hold: () => deps.collector.lease(),
    async resolve(reference, platform) {
      // It may unpack, and layers that lie below must stay meanwhile.
      using _lease = await deps.collector.lease();
      const { record } = findImage(deps.records, reference);
      const wanted = platform ? parsePlatform(platform, deps.host) : deps.host;
      const entries = await deps.catalog.entries(record.target);
      const found = pickManifest(
        entries.flatMap(({ local }) => local ?? []),
        wanted,
        !platform,
      );
      if (!found && entries.every(({ kind }) => kind !== 'image')) throw notRunnable(reference);
      if (!found) throw wrongPlatform(reference, platform ? wanted : undefined);
      const chain =
        found.chain !== undefined && deps.layers.isUnpacked(found.chain)
          ? found.chain
          : await unpack(deps.layers, found.manifest, found.document, {});
      const { mediaType, digest, size } = found.descriptor;
      const { os, architecture, variant } = found.document.platform;
      return {
        id: record.target.digest,
        manifest: { mediaType: mediaType || found.manifest.mediaType, digest, size },
        platform: { os, architecture, ...(variant ? { variant } : {}) },
        config: found.document.config,
        chain,
      };
    },
  };
}
