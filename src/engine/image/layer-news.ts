import { digestHex } from '../../oci/digest.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import type { ProgressSink } from './service.ts';

/** What a pull tells of its layers, in the order that people know, though a layer is unpacked while it is downloaded. */
export interface LayerNews {
  tell(layer: Descriptor, status: string, progressDetail?: object): void;
  /** It was here already: no more is said, unless it is unpacked. */
  existed(layer: Descriptor): void;
  downloaded(layer: Descriptor): void;
  /** By its place in the image, since a blob may be there twice. */
  extracting(index: number): void;
  unpacked(index: number): void;
  /** Everything is there: what was downloaded and had been unpacked before is complete too. */
  end(): void;
}

type Unpacking = 'not yet' | 'extracting' | 'unpacked';

export function createLayerNews(
  layers: readonly { readonly descriptor: Descriptor }[],
  progress: ProgressSink,
): LayerNews {
  const complete = new Set<string>();
  const fetched = new Set<string>();
  const unpacking: Unpacking[] = layers.map(() => 'not yet');
  const tell: LayerNews['tell'] = ({ digest }, status, progressDetail = {}) =>
    progress({ status, progressDetail, id: digestHex(digest).slice(0, 12) });
  const tellUnpacking = (layer: Descriptor, state: Unpacking): void => {
    if (state === 'extracting') tell(layer, 'Extracting', { current: layer.size, total: layer.size });
    if (state === 'unpacked') tell(layer, 'Pull complete');
  };
  const now = (index: number, state: Unpacking): void => {
    unpacking[index] = state;
    const layer = layers[index]?.descriptor;
    if (layer && complete.has(layer.digest)) tellUnpacking(layer, state);
  };
  return {
    tell,
    existed(layer) {
      complete.add(layer.digest);
      tell(layer, 'Already exists');
    },
    downloaded(layer) {
      fetched.add(layer.digest);
      complete.add(layer.digest);
      tell(layer, 'Verifying Checksum');
      tell(layer, 'Download complete');
      const index = layers.findIndex(({ descriptor }) => descriptor.digest === layer.digest);
      tellUnpacking(layer, unpacking[index] ?? 'not yet');
    },
    extracting: (index) => now(index, 'extracting'),
    unpacked: (index) => now(index, 'unpacked'),
    end() {
      for (const [index, state] of unpacking.entries()) {
        const layer = layers[index]?.descriptor;
        if (state === 'not yet' && layer && fetched.has(layer.digest)) now(index, 'unpacked');
      }
    },
  };
}
