import type { Duplex } from 'node:stream';
import type { Filters } from '../../api/filters.ts';
import type { HostConfig } from '../../api/types/container.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import type { Platform } from '../../oci/platform.ts';
import type { RegistryAuth } from '../image/service.ts';
import type { ProgressSink } from './progress.ts';
import type {
  AnnotationRequest,
  AttestationRequest,
  BuildResult,
  CacheExport,
  CacheImport,
  NamedContext,
  OutputRequest,
} from './request.ts';

/** Builds images from Dockerfiles. What is between a client and this (the classic `POST /build` today) gives a context, callbacks and a sink. */
export interface BuildService {
  /**
   * Reads the whole context, then builds. Cancelling ends what runs and leaves nothing but finished steps in
   * the cache. Errors: invalid_parameter for the Dockerfile, the context or a name; forbidden for an entitlement that was not given; system with the
   * failing command and its exit code.
   */
  build(request: BuildRequest, progress: ProgressSink, signal: AbortSignal): Promise<BuildResult>;
  /** Ends the build with this `id`; false: there is none. */
  cancel(id: string): boolean;
  /** Forgets cached steps and cache mounts, see prune-cache.ts. */
  pruneCache(options: PruneOptions): Promise<PruneReport>;
  /** Removes what builds have left that a crash of the daemon cut off. Once, before the first build. */
  recover(): Promise<void>;
}

export interface BuildRequest {
  readonly source: ContextSource;
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string;
  /** The client's name for this build, for `cancel`; '' is none. */
  readonly id: string;
  /** None: an image without a name. Several images are one, with the names of all. */
  readonly outputs: readonly OutputRequest[];
  readonly annotations: readonly AnnotationRequest[];
  readonly attestations: AttestationRequest;
  readonly cacheFrom: readonly CacheImport[];
  readonly cacheTo: readonly CacheExport[];
  readonly contexts: readonly NamedContext[];
  readonly target: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** None: the machine's. More than one, or an attestation, makes an index. */
  readonly platforms: readonly Platform[];
  /** Stages whose steps are done anew; `all`: of every stage. */
  readonly noCache: 'all' | readonly string[];
  /** Bases are pulled even when they are here. */
  readonly pull: boolean;
  readonly session: SessionCallbacks;
  /** Limits and network of containers that run steps. */
  readonly hostConfig: HostConfig;
  /** What the client allows beyond the sandbox. */
  readonly entitlements: ReadonlySet<Entitlement>;
}

export type Entitlement = 'network.host' | 'security.insecure' | 'device' | `device=${string}`;

export type ContextSource =
  /** A tar, plain or compressed. */
  | { readonly kind: 'tar'; readonly archive: AsyncIterable<Uint8Array> }
  /** A git repository, or what a URL gives: a tar, or the text of a Dockerfile. */
  | { readonly kind: 'remote'; readonly url: string }
  /** Files of the client, whose contents come when they are needed. */
  | { readonly kind: 'files'; readonly files: ClientFiles };

export interface ClientFiles {
  /** The Dockerfile's text; it need not be among the entries. */
  readonly dockerfile: string;
  /** Of the ignore file, which has been applied. */
  readonly ignorePatterns: readonly string[];
  /** What the ignore file leaves, `/` included. Files have no hash yet. */
  readonly entries: readonly TreeEntry[];
  /** Brings the contents of files, and says what they are: of a file that has gone meanwhile nothing. Errors: those of the client. */
  bring(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, FileContent>>;
  /** The file that contents of what was brought lie in, ready to be read. */
  pack(): string;
  /** What was brought stays until every hold is disposed. */
  hold(): Disposable;
}

export interface FileContent {
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
  /** In bytes. */
  readonly size: number;
  /** Where it begins in the pack. */
  readonly offset: number;
  /** Extended attributes, as `TreeEntry` has them. */
  readonly xattrs: string;
}

/** What a build asks of its client while it goes on. */
export interface SessionCallbacks {
  /** Undefined: the client has no secret of that id. */
  secret(id: string): Promise<Uint8Array | undefined>;
  /** Opens connections to an agent; undefined: there is none of that id. */
  sshAgent(id: string): Promise<(() => Duplex) | undefined>;
  authFor(registry: string): Promise<RegistryAuth | undefined>;
  /** Takes what `outputs[index]` gives; resolves when the client has it. Errors: those of the client. */
  receive(index: number, tar: AsyncIterable<Uint8Array>): Promise<void>;
  /** The same of `cacheTo[index]`. */
  receiveCache(index: number, tar: AsyncIterable<Uint8Array>): Promise<void>;
}

export interface PruneOptions {
  /** What images share goes too. */
  readonly all: boolean;
  readonly space: SpaceLimits;
  readonly filters: Filters;
}

/** In bytes; 0 is no limit. What was used last stays longest. */
export interface SpaceLimits {
  /** As much may always stay. */
  readonly reservedBytes: number;
  readonly maxUsedBytes: number;
  /** As much of the disk is to be free. */
  readonly minFreeBytes: number;
}

export interface PruneReport {
  readonly deleted: readonly string[];
  readonly reclaimedBytes: number;
}
