import type { ImageInspect } from '../../api/types/image.ts';
import type { Platform } from '../../oci/platform.ts';
import { toApiDescriptor } from './api-descriptor.ts';
import type { LocalManifest } from './catalog.ts';
import { pickExact } from './catalog.ts';
import type { ImageServiceDeps } from './deps.ts';
import { describeImage, partsOf, sizeOf } from './describe.ts';
import { wrongPlatform } from './errors.ts';
import { findImage } from './find.ts';
import { manifestSummaries } from './manifest-summary.ts';
import type { ImageService } from './service.ts';

/**
 * The image as `docker image inspect` shows it: what is said of one platform is said of the one that runs here, or of
 * `platform`, whose manifest then is the image. Of an artifact there is less to say.
 */
export async function inspect(
  deps: ImageServiceDeps,
  name: string,
  options: Parameters<ImageService['inspect']>[1] = {},
): Promise<ImageInspect> {
  const image = await describeImage(deps, findImage(deps.records, name).record);
  const { record } = image;
  const asked = options.platform && chosen(image.manifests, name, options.platform);
  const target = asked?.descriptor ?? record.target;
  const best = asked ?? image.best;
  return {
    Id: target.digest,
    RepoTags: [...image.repoTags],
    RepoDigests: [...image.repoDigests],
    Parent: '',
    ...(best ? sayings(best) : { Architecture: '', Os: '' }),
    Size: sizeOf(asked ? partsOf(deps.layers, [asked]) : image.parts),
    GraphDriver: { Name: 'overlayfs', Data: {} },
    RootFS: best ? { Type: 'layers', ...layersOf(best) } : {},
    Metadata: { LastTagTime: new Date(record.taggedAtMs ?? record.createdAtMs).toISOString() },
    Descriptor: toApiDescriptor(target),
    ...(options.manifests ? { Manifests: await manifestSummaries(deps, record.target) } : {}),
  };
}

function chosen(manifests: readonly LocalManifest[], name: string, platform: Platform): LocalManifest {
  const found = pickExact(manifests, platform);
  if (!found) throw wrongPlatform(name, platform);
  return found;
}

/** What an image's config says. */
function sayings({ document }: LocalManifest): Partial<ImageInspect> {
  const { platform } = document;
  return {
    Comment: document.comment || (document.history.at(-1)?.comment ?? ''),
    ...(document.created === undefined ? {} : { Created: document.created }),
    DockerVersion: document.dockerVersion,
    Author: document.author,
    Config: document.config,
    Architecture: platform.architecture,
    ...(platform.variant ? { Variant: platform.variant } : {}),
    Os: platform.os,
    ...(platform['os.version'] ? { OsVersion: platform['os.version'] } : {}),
  };
}

function layersOf({ document }: LocalManifest): { readonly Layers?: string[] } {
  return document.diffIds.length > 0 ? { Layers: [...document.diffIds] } : {};
}
