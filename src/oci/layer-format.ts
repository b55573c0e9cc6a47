import {
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER,
  OCI_MANIFEST,
} from './media-type.ts';

/** Compression of layers that every reader of images knows. */
export type LayerCompression = 'uncompressed' | 'gzip' | 'zstd';

export const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';

const COMPRESSION = { '': 'uncompressed', gzip: 'gzip', zstd: 'zstd' } as const;

/** Of a layer's media type; undefined for layers that are not distributed, and for what is none. */
export function layerCompression(mediaType: string): LayerCompression | undefined {
  const [, kind = ''] =
    /^application\/vnd\.(?:oci\.image\.layer\.v1\.tar|docker\.image\.rootfs\.diff\.tar)(?:[+.](gzip|zstd))?$/.exec(
      mediaType,
    ) ?? [undefined, 'none'];
  return kind in COMPRESSION ? COMPRESSION[kind as keyof typeof COMPRESSION] : undefined;
}

/** The media type of a layer, in the words of OCI or of Docker's schema 2. */
export function layerType(compression: LayerCompression, isOci: boolean): string {
  if (compression === 'uncompressed') return isOci ? OCI_LAYER : DOCKER_LAYER;
  return isOci ? `${OCI_LAYER}+${compression}` : `${DOCKER_LAYER}.${compression}`;
}

/** Media types of an image's documents, in either's words. */
export function documentTypes(isOci: boolean): {
  readonly index: string;
  readonly manifest: string;
  readonly config: string;
} {
  return isOci
    ? { index: OCI_INDEX, manifest: OCI_MANIFEST, config: OCI_CONFIG }
    : { index: DOCKER_LIST, manifest: DOCKER_MANIFEST, config: DOCKER_CONFIG };
}
