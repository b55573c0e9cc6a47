import type { BaseImage, ResolveImage } from '../../build/plan/make-plan.ts';
import { isKind, KnownError } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import { familiarReference, parseReference } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { type LocalManifest, pickManifest } from '../image/catalog.ts';
import { findImage } from '../image/find.ts';
import type { BuildDeps } from './deps.ts';
import { inTask, type ProgressSink } from './progress.ts';
import type { BuildRequest } from './service.ts';
import type { StageLayers } from './work.ts';

/** The images that a build stands on, as they were when it began. */
export interface Bases {
  readonly resolve: ResolveImage;
  /** Layers of an image that was resolved, by its manifest. */
  layersOf(digest: Digest): StageLayers;
}

/** `brought`: images of named contexts, by reference; they are never pulled. */
export function createBases(
  deps: BuildDeps,
  request: BuildRequest,
  progress: ProgressSink,
  brought: ReadonlyMap<string, Descriptor> = new Map(),
): Bases {
  // by reference and platform; a registry that has failed is not asked again by the same build
  const found = new Map<string, LocalManifest>();
  const failed = new Map<string, unknown>();
  const byDigest = new Map<Digest, LocalManifest>();

  const isHost = (platform: Platform): boolean => formatPlatform(platform) === formatPlatform(deps.host);

  const local = async (reference: string, platform: Platform): Promise<LocalManifest | undefined> => {
    try {
      const { record } = findImage(deps.records, reference);
      return pickManifest(
        await deps.catalog.manifests(record.target),
        platform,
        request.platforms.length === 0 && isHost(platform),
      );
    } catch (error) {
      if (isKind(error, 'not_found')) return undefined;
      throw error;
    }
  };

  const pull = async (reference: string, platform: Platform, signal: AbortSignal): Promise<void> => {
    const parsed = parseReference(reference);
    const auth = await request.session.authFor(parsed.registry);
    const name = familiarReference(parsed);
    await deps.images.pull(
      {
        reference: name,
        ...(isHost(platform) ? {} : { platform: formatPlatform(platform) }),
        ...(auth ? { auth } : {}),
      },
      (message) => progress.tell({ kind: 'pull', message }),
      signal,
    );
  };

  const resolve = async (
    reference: string,
    platform: Platform,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<BaseImage> => {
    const key = `${reference} ${formatPlatform(platform)}`;
    const known = found.get(key);
    if (known) return { digest: known.descriptor.digest, document: known.document };
    // BuildKit's text (frontend/dockerfile/dockerfile2llb)
    const prefix = request.platforms.length > 1 ? `[${formatPlatform(platform)} internal]` : '[internal]';
    if (failed.has(key)) throw failed.get(key);
    try {
      const image = await inTask(
        progress,
        `${prefix} load metadata for ${reference}`,
        async () => await look(reference, platform, signal),
      );
      found.set(key, image);
      byDigest.set(image.descriptor.digest, image);
      return { digest: image.descriptor.digest, document: image.document };
    } catch (error) {
      failed.set(key, error);
      throw error;
    }
  };

  const look = async (reference: string, platform: Platform, signal: AbortSignal): Promise<LocalManifest> => {
    const own = brought.get(reference);
    let image: LocalManifest | undefined;
    if (own) image = pickManifest(await deps.catalog.manifests(own), platform, isHost(platform));
    else if (!request.pull) image = await local(reference, platform);
    if (image === undefined && own === undefined) {
      await pull(reference, platform, signal);
      image = await local(reference, platform);
    }
    if (image === undefined)
      throw new KnownError(
        'not_found',
        `${familiarReference(parseReference(reference))} has no image for this platform`,
      );
    return image;
  };

  return {
    resolve,
    layersOf(digest) {
      const image = byDigest.get(digest);
      if (image === undefined) throw new KnownError('system', `${digest} was not resolved`);
      return image.manifest.layers.flatMap((descriptor, index) => {
        const diffId = image.document.diffIds[index];
        return diffId === undefined ? [] : [{ descriptor, diffId }];
      });
    },
  };
}
