import type { Digest } from '../oci/digest.ts';

/** Where a repository lives: `docker.io` + `library/busybox`, or `127.0.0.1:5000` + `team/app`. */
export interface RepositoryName {
  readonly registry: string;
  readonly path: string;
}

/** What a client may prove itself with. Nothing set: anonymous. */
export interface RegistryCredentials {
  readonly username?: string;
  readonly password?: string;
  /** OAuth2 refresh token, from an earlier login. */
  readonly identitytoken?: string;
  /** Bearer token to use as it is. */
  readonly registrytoken?: string;
}

/** A manifest or index exactly as the registry sent it, its digest checked. */
export interface RemoteManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/**
 * Reads from and writes to registries that speak the OCI distribution protocol (distribution-spec v1.1, Docker registry HTTP API v2).
 * One repository object keeps its token and connection choices; use one for one piece of work.
 */
export interface RegistryClient {
  /** `push`: tokens are asked for with the right to push. */
  repository(
    name: RepositoryName,
    credentials?: RegistryCredentials,
    options?: { readonly push?: boolean },
  ): RemoteRepository;
  /**
   * Proves the credentials to a registry (`docker.io`, `host:port`). Resolves with the token to keep instead of the password,
   * empty when the registry gives none. Errors: unauthorized, unavailable.
   */
  login(registry: string, credentials: RegistryCredentials, options: { readonly signal: AbortSignal }): Promise<string>;
  /** Resolves when something answers where the registry should be, whatever it says. Errors: unavailable, a ConnectionError. */
  ping(registry: string, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Repositories that match a text, on a registry that offers search (`GET /v1/search`), at most `limit`. */
  search(
    registry: string,
    query: { readonly term: string; readonly limit: number },
    credentials: RegistryCredentials,
    options: { readonly signal: AbortSignal },
  ): Promise<readonly SearchResult[]>;
}

/** A row of a registry's search. */
export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly starCount: number;
  readonly isOfficial: boolean;
  readonly isAutomated: boolean;
}

/** A blob to be pushed as it is. */
export interface BlobPush {
  readonly digest: Digest;
  readonly size: number;
  /** Repositories of the same registry that may have the blob (`library/busybox`), best first. */
  readonly mountFrom: readonly string[];
  /** The bytes from `offset` on; may be called several times. */
  readonly read: (offset: number) => AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  /** Bytes of the blob sent so far. */
  readonly onProgress?: (bytes: number) => void;
  /** Told once a second while waiting for the next attempt: seconds left. */
  readonly onRetry?: (seconds: number) => void;
}

export type BlobPushed =
  | { readonly kind: 'exists' }
  | { readonly kind: 'mounted'; readonly from: string }
  | { readonly kind: 'uploaded' };

/**
 * Errors of every method: not_found, unauthorized, forbidden (each a RegistryError when the registry said why), unavailable
 * (no connection, rate limit, server failure after retries), data_loss (wrong digest or size), cancelled.
 */
export interface RemoteRepository {
  /** By tag or digest. At most 4 MiB. */
  manifest(tagOrDigest: string, options: { readonly signal: AbortSignal }): Promise<RemoteManifest>;
  /**
   * The blob's bytes from `offset` (default 0) on, never more than `descriptor.size` in all; a broken connection is taken up
   * again where it ended. The digest is the reader's to check (the content store does). `onRetry` is told once a second while
   * waiting: seconds left. `urls` of a foreign layer (image-spec layer.md, "Non-Distributable Layers") are asked, over https, when the
   * registry does not have it.
   */
  blob(
    descriptor: { readonly digest: Digest; readonly size: number; readonly urls?: readonly string[] },
    options: {
      readonly signal: AbortSignal;
      readonly onRetry?: (seconds: number) => void;
      readonly offset?: number;
    },
  ): AsyncIterable<Uint8Array>;
  /** Sends a blob if the registry lacks it. Taken up where it broke, five attempts without a new byte, pauses as Docker's. */
  pushBlob(push: BlobPush): Promise<BlobPushed>;
  hasManifest(digest: Digest, options: { readonly signal: AbortSignal }): Promise<boolean>;
  /**
   * Sends a manifest or index exactly as it is. Everything it names must be there already. One with a subject is put on the list under the
   * subject's fallback tag where the registry keeps none itself.
   */
  putManifest(tagOrDigest: string, manifest: RemoteManifest, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Every tag, at most 10,000. */
  tags(options: { readonly signal: AbortSignal }): Promise<readonly string[]>;
}
