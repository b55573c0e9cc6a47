import { join } from 'node:path';

/**
 * Where unpacked layers and writable layers are. Names are short, since overlayfs takes all lower directories in one
 * 4 KiB option:
 *
 *   <root>/layers/<n>/            an unpacked layer, n in base 36; recorded in the table `layer` when complete
 *         /layers/empty/          stands below an image without layers
 *         /drafts/<n>/u /w        a layer being made, with its blob `layer`; removed at start
 *         /writable/<container>/u upper directory, /w work directory of overlayfs
 */
export interface SnapshotPaths {
  readonly layers: string;
  readonly writable: string;
  readonly empty: string;
  readonly drafts: string;
  layer(name: string): string;
  upper(containerId: string): string;
  work(containerId: string): string;
}

export function snapshotPaths(root: string): SnapshotPaths {
  const layers = join(root, 'layers');
  const writable = join(root, 'writable');
  return {
    layers,
    writable,
    empty: join(layers, 'empty'),
    drafts: join(root, 'drafts'),
    layer: (name) => join(layers, name),
    upper: (containerId) => join(writable, containerId, 'u'),
    work: (containerId) => join(writable, containerId, 'w'),
  };
}
