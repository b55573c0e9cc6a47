import type { ContainerFiles } from '../../../linux/files/container-files.ts';
import type { Decompressor } from '../../../store/content/decompressor.ts';
import type { ContainerContext } from '../context.ts';
import { readArchive, statArchive, writeArchive } from './archive.ts';
import { exportContainer, listChanges } from './changes.ts';
import { commitContainer, type ImageCommits } from './commit.ts';
import type { ContainerFilesService } from './service.ts';

/** What the verbs on files stand on. */
export interface FilesContext {
  readonly containers: ContainerContext;
  readonly files: ContainerFiles;
}

export function createContainerFilesService(
  deps: FilesContext & { readonly decompressor: Decompressor; readonly commits: ImageCommits },
): ContainerFilesService {
  return {
    stat: (name, path, signal) => statArchive(deps, name, path, signal),
    read: (name, path, signal) => readArchive(deps, name, path, signal),
    write: (name, request, signal) => writeArchive(deps, name, request, signal),
    changes: (name, signal) => listChanges(deps, name, signal),
    export: (name, signal) => exportContainer(deps, name, signal),
    commit: (request, signal) => commitContainer(deps, request, signal),
  };
}
