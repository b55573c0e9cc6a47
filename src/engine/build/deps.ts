import type { TaskGroup } from '../../lib/async/task-group.ts';
import type { BuildFiles } from '../../linux/build/build-files.ts';
import type { BuildFolders } from '../../linux/build/build-folders.ts';
import type { KeptContexts } from '../../linux/build/kept-contexts.ts';
import type { RemoteSources } from '../../linux/build/remote-sources.ts';
import type { CdiRegistry } from '../../oci/cdi/registry.ts';
import type { OpenArchive } from '../../store/content/archive-file.host.ts';
import type { BuildCache } from '../../store/record/build-cache.ts';
import type { BuildSteps } from '../../store/record/build-steps.ts';
import type { CacheMounts } from '../../store/record/cache-mounts.ts';
import type { DraftLayers } from '../../store/snapshot/draft-layers.ts';
import type { LayerStore } from '../../store/snapshot/layer-store.ts';
import type { ContainerService } from '../container/service.ts';
import type { ImageServiceDeps } from '../image/deps.ts';
import type { ImageService } from '../image/service.ts';
import type { GcRule } from './gc-policy.ts';

/** What builds stand on. */
export interface BuildDeps
  extends Pick<
    ImageServiceDeps,
    | 'registry'
    | 'content'
    | 'records'
    | 'catalog'
    | 'collector'
    | 'decompressor'
    | 'host'
    | 'now'
    | 'events'
    | 'transfers'
  > {
  readonly layers: LayerStore & DraftLayers;
  readonly images: Pick<ImageService, 'pull' | 'push'>;
  readonly containers: ContainerService;
  readonly files: BuildFiles;
  readonly folders: BuildFolders;
  readonly openArchive: OpenArchive;
  readonly remotes: RemoteSources;
  readonly cache: BuildCache;
  readonly steps: BuildSteps;
  readonly cacheMounts: CacheMounts;
  /** The static init on the host, which hands secrets to a step as environment; undefined: there is none. */
  readonly initPath: string | undefined;
  /** The devices that files of vendors tell of, as they are now. */
  readonly readCdi: () => CdiRegistry;
  readonly keptContexts: Pick<KeptContexts, 'list' | 'remove'>;
  /** What the cache need not keep, in the order in which they are applied after each build; none: it grows. */
  readonly gcRules: readonly GcRule[];
  /** Of the file system of the data root. */
  readonly freeBytes: () => number;
  /** Owns what builds leave to be done after their answer. */
  readonly background: TaskGroup;
  readonly report: (what: string, error: unknown) => void;
}
