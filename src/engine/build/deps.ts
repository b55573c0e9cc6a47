import type { ContainerFiles } from '../../linux/files/container-files.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BuildCache } from '../../store/record/build-cache.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { ContainerFilesService } from '../container/files/service.ts';
import type { ContainerService } from '../container/service.ts';
import type { ImageServiceDeps } from '../image/deps.ts';
import type { ImageService } from '../image/service.ts';

/** What builds stand on. */
export interface BuildDeps
  extends Pick<
    ImageServiceDeps,
    'content' | 'records' | 'catalog' | 'collector' | 'decompressor' | 'host' | 'now' | 'events'
  > {
  readonly layers: LayerStore;
  readonly images: Pick<ImageService, 'pull'>;
  readonly containers: ContainerService;
  /** Files of containers by name, as `docker cp` reaches them. */
  readonly containerFiles: ContainerFilesService;
  readonly files: Pick<ContainerFiles, 'layer'>;
  readonly cache: BuildCache;
  /** Images that containers of steps are about to stand on: in use, for whoever removes images. */
  readonly stepImages: Set<Digest>;
}
