/** What clients may ask of a build besides the image: outputs, attestations, caches and contexts of their own. */
import type { LayerCompression } from '../../oci/layer-format.ts';
import type { Platform } from '../../oci/platform.ts';

/** Where a result goes. Names are `repository[:tag]`. */
export type OutputRequest =
  /** Into the image store, and with `push` to the registries of its names. */
  | ({ readonly kind: 'image'; readonly names: readonly string[]; readonly push: boolean } & WithFormat)
  /**
   * The target's files, as a tar to the client. `local` is unpacked there; its platforms have folders `os_arch` of their own when there are several, or when
   * `platformSplit` says so. `tar` has them the same way.
   */
  | { readonly kind: 'local' | 'tar'; readonly platformSplit: boolean | undefined }
  /** An archive to the client: an OCI layout, or what `docker load` has always read. */
  | ({ readonly kind: 'oci' | 'docker'; readonly names: readonly string[] } & WithFormat)
  /** Nothing but what steps leave in the cache. */
  | { readonly kind: 'cacheonly' };

interface WithFormat {
  /** Undefined: blobs and types as the builder makes them. */
  readonly format?: ImageFormat;
}

/** How an image is written down. What is undefined is as the builder and the base have it. */
export interface ImageFormat {
  /** Of the layers that this build adds; with `forceCompression` of all. */
  readonly compression?: LayerCompression | undefined;
  readonly forceCompression: boolean;
  /** 0 to 9 of gzip, 1 to 22 of zstd. */
  readonly compressionLevel?: number | undefined;
  /** OCI's media types, or those of Docker's schema 2. */
  readonly ociTypes?: boolean | undefined;
}

/** `--annotation`: where it is written, and for which platform's manifest (undefined: each). */
export interface AnnotationRequest {
  readonly level: 'manifest' | 'manifest-descriptor' | 'index' | 'index-descriptor';
  readonly platform: Platform | undefined;
  readonly key: string;
  readonly value: string;
}

export interface AttestationRequest {
  readonly provenance: ProvenanceRequest | undefined;
  readonly sbom: SbomRequest | undefined;
}

/** SLSA provenance. `max` also tells build arguments, the Dockerfile and the steps. */
export interface ProvenanceRequest {
  readonly mode: 'min' | 'max';
  readonly version: 'v0.2' | 'v1';
  /** '' is none. */
  readonly builderId: string;
  readonly reproducible: boolean;
}

/** `generator`: an image that scans; '' is the scanner that is built in. */
export interface SbomRequest {
  readonly generator: string;
}

/** Where keys and layers of earlier builds come from. A source that cannot be read is a warning, as it is BuildKit's. */
export type CacheImport =
  | { readonly kind: 'registry'; readonly reference: string }
  /** An OCI layout as a tar; `digest` or `tag` pick one of its caches, both '': the tag `latest`. */
  | {
      readonly kind: 'local';
      readonly open: () => Promise<AsyncIterable<Uint8Array>>;
      readonly tag: string;
      readonly digest: string;
    };

export type CacheExport =
  /** Into the image's own config; always `min`. */
  | { readonly kind: 'inline' }
  | {
      readonly kind: 'registry';
      readonly reference: string;
      readonly mode: 'min' | 'max';
      readonly imageManifest: boolean;
      readonly ignoreError: boolean;
    }
  /** An OCI layout, as a tar to the client's `receiveCache`. */
  | {
      readonly kind: 'local';
      readonly mode: 'min' | 'max';
      readonly tag: string;
      readonly imageManifest: boolean;
      readonly ignoreError: boolean;
    };

/** `--build-context name=...`: overrides a stage or an image of that name, or is a source for `--from`. */
export interface NamedContext {
  /** With the platform taken off it: `name::linux/arm64`. */
  readonly name: string;
  readonly platform: Platform | undefined;
  readonly source: NamedContextSource;
}

export type NamedContextSource =
  /** A folder of the client as a tar; its ignore file has been applied. Asked for at most once. */
  | { readonly kind: 'tar'; readonly open: () => Promise<AsyncIterable<Uint8Array>> }
  /** `docker-image://`. */
  | { readonly kind: 'image'; readonly reference: string }
  /** `oci-layout://path[:tag][@digest]`: the layout's folder as a tar. */
  | {
      readonly kind: 'oci-layout';
      readonly open: () => Promise<AsyncIterable<Uint8Array>>;
      readonly tag: string;
      readonly digest: string;
    }
  /** A git repository, or a tar that a URL gives. */
  | { readonly kind: 'remote'; readonly url: string };

/** What a build has made. */
export interface BuildResult {
  /** Of the first image: its manifest's or index's digest; undefined without an image output. */
  readonly imageId: string | undefined;
  /**
   * What `--metadata-file` holds: `containerimage.digest`, `containerimage.config.digest`, `containerimage.descriptor`, `image.name`, as far as
   * there is an output that has them.
   */
  readonly metadata: Readonly<Record<string, unknown>>;
}
