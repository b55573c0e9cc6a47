import type { ImageInspect } from '../../api/types/image.ts';
import type { BaseImage, ResolveImage } from '../../build/plan/base-image.ts';
import type { EngineApi } from '../../client/engine-api.ts';
import { isKind } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { isDigest } from '../../oci/digest.ts';
import { parseImageDocument } from '../../oci/image-config.ts';
import type { Platform } from '../../oci/platform.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';

/**
 * Finds images by asking the daemon what it has; nothing is pulled. For one that is not there, or when nobody answers, `absent` says what to
 * take in its place. The history of an image is not told by the API in the form that a plan has it: it is left out.
 */
export function createLocalImages(
  api: EngineApi,
  absent: (name: string, platform: Platform) => BaseImage,
): ResolveImage {
  const found = new Map<string, BaseImage>();
  return async (reference, platform) => {
    const name = familiarReference(parseReference(reference));
    const key = `${name} ${JSON.stringify(platform)}`;
    const image = found.get(key) ?? (await inspect(api, name)) ?? absent(name, platform);
    found.set(key, image);
    return image;
  };
}

async function inspect(api: EngineApi, name: string): Promise<BaseImage | undefined> {
  try {
    return toBaseImage(await api.json<ImageInspect>('GET', `/images/${encodeURIComponent(name)}/json`));
  } catch (error) {
    if (isKind(error, 'not_found', 'unavailable')) return undefined;
    throw error;
  }
}

function toBaseImage({ Id = '', RepoDigests = [], Os, Architecture, Variant, Config }: ImageInspect): BaseImage {
  const digests = [...RepoDigests.map((text) => text.replace(/^.*@/, '')), Id];
  return {
    digest: digests.find((text): text is Digest => isDigest(text)) ?? EMPTY,
    document: documentOf({ os: Os, architecture: Architecture, variant: Variant ?? '', config: Config ?? {} }),
  };
}

/** An image that nothing is known of. */
export function unknownImage({ os, architecture, variant = '' }: Platform): BaseImage {
  return { digest: EMPTY, document: documentOf({ os, architecture, variant, config: {} }), unknown: true };
}

function documentOf(fields: object): BaseImage['document'] {
  return parseImageDocument(Buffer.from(JSON.stringify(fields)));
}

/** Of no bytes at all. */
const EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as Digest;
