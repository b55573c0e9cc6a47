import { createHash } from 'node:crypto';
import { compressStream } from '../../lib/compress/compress-stream.ts';
import { KnownError } from '../../lib/errors.ts';
import { type LayerCompression, layerCompression, layerType } from '../../oci/layer-format.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import type { BuildDeps } from './deps.ts';
import type { ImageFormat } from './request.ts';
import type { StageLayers } from './work.ts';

/** How a layer's blob is made of the one that is here; undefined: it is taken as it is. */
interface Conversion {
  readonly to: LayerCompression;
  readonly level: number | undefined;
}

/** Layers of the base keep their blobs unless all are asked for, as BuildKit has it (docs/exporters: force-compression). Pure. */
export function planConversion(mediaType: string, isOfBase: boolean, format: ImageFormat): Conversion | undefined {
  const is = layerCompression(mediaType);
  if (is === undefined || (isOfBase && !format.forceCompression)) return undefined;
  const { compression: to = is, compressionLevel: level } = format;
  if (to === is && (level === undefined || to === 'uncompressed')) return undefined;
  return { to, level };
}

/** The layers' descriptors in the format that was asked for, their blobs written. The first `baseCount` are the base's. Errors: data_loss. */
export async function convertLayers(
  deps: Pick<BuildDeps, 'content' | 'decompressor'>,
  layers: StageLayers,
  { format, baseCount }: { readonly format: ImageFormat; readonly baseCount: number },
  signal: AbortSignal,
): Promise<readonly Descriptor[]> {
  const converted: Descriptor[] = [];
  for (const [index, layer] of layers.entries()) {
    const conversion = planConversion(layer.descriptor.mediaType, index < baseCount, format);
    const descriptor = conversion ? await convert(deps, layer, conversion, signal) : layer.descriptor;
    converted.push(typed(descriptor, format));
  }
  return converted;
}

function typed(descriptor: Descriptor, { ociTypes }: ImageFormat): Descriptor {
  const compression = layerCompression(descriptor.mediaType);
  if (ociTypes === undefined || compression === undefined) return descriptor;
  return { ...descriptor, mediaType: layerType(compression, ociTypes) };
}

async function convert(
  { content, decompressor }: Pick<BuildDeps, 'content' | 'decompressor'>,
  { descriptor, diffId }: CachedLayer,
  { to, level }: Conversion,
  signal: AbortSignal,
): Promise<Descriptor> {
  const hash = createHash('sha256');
  async function* plain(): AsyncGenerator<Uint8Array> {
    for await (const piece of decompressor.decompress(await content.stream(descriptor.digest), { signal })) {
      hash.update(piece);
      yield piece;
    }
    if (`sha256:${hash.digest('hex')}` !== diffId)
      throw new KnownError('data_loss', `layer ${descriptor.digest} is not what its image says`);
  }
  const packed = to === 'uncompressed' ? plain() : compressStream(plain(), { kind: to, level });
  return { mediaType: layerType(to, true), ...(await content.write(packed, { signal })) };
}
