import type { ImageInspect } from '../../api/types/image.ts';
import type { ImageServiceDeps } from './deps.ts';
import { describeImage, sizeOf } from './describe.ts';
import { noSuchImage } from './errors.ts';
import { findImage } from './find.ts';

/** The image as `docker image inspect` shows it: what is said of one platform is said of the one that runs here. */
export async function inspect(deps: ImageServiceDeps, name: string): Promise<ImageInspect> {
  const image = await describeImage(deps, findImage(deps.records, name).record);
  const { record, best } = image;
  if (!best) throw noSuchImage(name);
  const { document } = best;
  const { mediaType, digest, size } = record.target;
  const { platform } = document;
  return {
    Id: digest,
    RepoTags: [...image.repoTags],
    RepoDigests: [...image.repoDigests],
    Parent: '',
    Comment: document.comment || (document.history.at(-1)?.comment ?? ''),
    ...(document.created === undefined ? {} : { Created: document.created }),
    DockerVersion: document.dockerVersion,
    Author: document.author,
    Config: document.config,
    Architecture: platform.architecture,
    ...(platform.variant ? { Variant: platform.variant } : {}),
    Os: platform.os,
    ...(platform['os.version'] ? { OsVersion: platform['os.version'] } : {}),
    Size: sizeOf(image.parts),
    GraphDriver: { Name: 'overlayfs', Data: {} },
    RootFS: { Type: 'layers', ...(document.diffIds.length > 0 ? { Layers: [...document.diffIds] } : {}) },
    Metadata: { LastTagTime: new Date(record.taggedAtMs ?? record.createdAtMs).toISOString() },
    Descriptor: { mediaType, digest, size },
  };
}
