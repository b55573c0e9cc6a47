/**
 * What client and daemon say to each other during a build; docs/flows/build.md has the order. The client's first message is `BuildAsk`, later it may
 * send `CancelMessage`; the daemon sends `ToldMessage`s, then one `EndMessage`, and opens channels whose purposes are `Purpose`s.
 */
import type { ErrorKind } from '../../lib/errors.ts';
import type { LayerCompression } from '../../oci/layer-format.ts';

/** Value of the `version` parameter and of the Upgrade header. Engines that do not know it refuse the request before they read a body. */
export const SESSION_PROTOCOL = 'skiff-build-2';

export interface BuildAsk {
  readonly kind: 'build';
  readonly id: string;
  readonly source: AskedSource;
  /** Path of the Dockerfile in a context that the client has not looked into. */
  readonly dockerfile: string;
  readonly outputs: readonly AskedOutput[];
  readonly annotations: readonly AskedAnnotation[];
  readonly provenance?: {
    readonly mode: 'min' | 'max';
    readonly version: 'v0.2' | 'v1';
    readonly builderId: string;
    readonly reproducible: boolean;
  };
  readonly sbom?: { readonly generator: string };
  readonly cacheFrom: readonly AskedCacheImport[];
  readonly cacheTo: readonly AskedCacheExport[];
  readonly contexts: readonly AskedContext[];
  readonly target: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly platforms: readonly string[];
  readonly noCache: 'all' | readonly string[];
  readonly pull: boolean;
  readonly entitlements: readonly string[];
  /** Reasons are told for steps that are not cached. */
  readonly reasons: boolean;
  /** Limits and network of steps, by the names and in the forms that the query of `POST /build` has for them. */
  readonly limits: Readonly<Record<string, readonly string[]>>;
}

export type AskedSource =
  /** `key` names the folder on the client's machine; the Dockerfile is told and what the ignore file says, the files are asked for. */
  | { readonly kind: 'files'; readonly key: string; readonly text: string; readonly ignore: readonly string[] }
  | { readonly kind: 'tar' }
  | { readonly kind: 'remote'; readonly url: string };

export type AskedOutput =
  | ({ readonly kind: 'image'; readonly names: readonly string[]; readonly push: boolean } & WithFormat)
  | { readonly kind: 'local' | 'tar'; readonly platformSplit?: boolean }
  | ({ readonly kind: 'oci' | 'docker'; readonly names: readonly string[] } & WithFormat)
  | { readonly kind: 'cacheonly' };

interface WithFormat {
  readonly format?: AskedFormat;
}

/** How an image is written down; what is undefined is as the daemon has it. */
export interface AskedFormat {
  readonly compression?: LayerCompression;
  readonly forceCompression: boolean;
  readonly compressionLevel?: number;
  readonly ociTypes?: boolean;
}

export interface AskedAnnotation {
  readonly level: 'manifest' | 'manifest-descriptor' | 'index' | 'index-descriptor';
  readonly platform?: string;
  readonly key: string;
  readonly value: string;
}

export type AskedCacheImport =
  | { readonly kind: 'registry'; readonly reference: string }
  | { readonly kind: 'local'; readonly tag: string; readonly digest: string };

export type AskedCacheExport =
  | { readonly kind: 'inline' }
  | {
      readonly kind: 'registry';
      readonly reference: string;
      readonly mode: 'min' | 'max';
      readonly imageManifest: boolean;
      readonly ignoreError: boolean;
    }
  | {
      readonly kind: 'local';
      readonly mode: 'min' | 'max';
      readonly tag: string;
      readonly imageManifest: boolean;
      readonly ignoreError: boolean;
    };

export interface AskedContext {
  readonly name: string;
  readonly platform?: string;
  readonly source:
    | { readonly kind: 'tar' }
    | { readonly kind: 'image'; readonly reference: string }
    | { readonly kind: 'oci-layout'; readonly tag: string; readonly digest: string }
    | { readonly kind: 'remote'; readonly url: string };
}

export interface CancelMessage {
  readonly kind: 'cancel';
}

/** An event of the engine's `progress.ts`, as it is there. */
export interface ToldMessage<Event> {
  readonly kind: 'told';
  readonly event: Event;
}

export type EndMessage =
  | { readonly kind: 'built'; readonly imageId?: string; readonly metadata: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'failed';
      readonly error: ErrorKind;
      readonly message: string;
      /** Of a command that has failed. */
      readonly command?: { readonly argv: readonly string[]; readonly exitCode: number };
      readonly lines?: { readonly start: number; readonly end: number };
    };

/** What a channel is for. The client answers with bytes, or resets with `not_found`. */
export type Purpose =
  | { readonly kind: 'secret'; readonly id: string }
  /** A connection to an agent; with `probe`, the client ends at once when it has one. */
  | { readonly kind: 'ssh'; readonly id: string; readonly probe: boolean }
  /** Credentials as a JSON text. */
  | { readonly kind: 'auth'; readonly registry: string }
  /** Lines of `ListedFile`s. */
  | { readonly kind: 'list' }
  /** The daemon sends positions in the list, a line each; the client answers each with a file, see file-stream.ts. */
  | { readonly kind: 'files' }
  /** The archive that is the context, a context, a cache: by position in the request. */
  | { readonly kind: 'context' }
  | { readonly kind: 'named-context' | 'cache-from'; readonly index: number }
  /** The daemon sends an archive and ends; the client ends when it has it. */
  | { readonly kind: 'output' | 'cache-to'; readonly index: number };

/**
 * One entry of a context: path below the root without a slash before it, kind (file, directory, link, hard link), permission bits, bytes, seconds since
 * the epoch, and where a link leads, or of a hard link the first path, or of a file what changes with its content (times, inode). Of a folder with
 * extended attributes these, as `oci/kept-attributes.ts` writes them; those of files come with their contents.
 */
export type ListedFile = readonly [
  path: string,
  kind: 'f' | 'd' | 'l' | 'h',
  mode: number,
  size: number,
  mtime: number,
  more: string,
  attributes?: string,
];
