import type { LogLevel } from '../log.ts';
import type { Limits } from '../routes/route.ts';
import type { Address } from '../server.host.ts';
import type { RequiredPlatforms } from '../storage/manifests.ts';

/** What the registry is told. Paths of files are as written; times are in milliseconds. */
export interface RegistryConfig {
  readonly log: LogConfig;
  readonly storage: StorageConfig;
  readonly http: HttpConfig;
  readonly auth: AuthConfig;
  readonly requiredPlatforms: RequiredPlatforms;
  readonly limits: Limits;
  /** Undefined: a registry of its own. */
  readonly proxy: ProxyConfig | undefined;
}

/** A cache of another registry, which nobody pushes to. */
export interface ProxyConfig {
  readonly remoteUrl: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

export interface LogConfig {
  readonly level: LogLevel;
  readonly formatter: 'text' | 'json';
  readonly fields: Readonly<Record<string, string>>;
  readonly accessLog: boolean;
}

export interface StorageConfig {
  /** Undefined: in memory. */
  readonly root: string | undefined;
  readonly deleteEnabled: boolean;
  readonly readOnly: boolean;
  readonly uploadPurging: UploadPurging;
  readonly collection: Collection;
}

export interface UploadPurging {
  readonly enabled: boolean;
  readonly ageMs: number;
  readonly intervalMs: number;
  readonly dryRun: boolean;
}

export interface Collection {
  readonly enabled: boolean;
  readonly intervalMs: number;
  /** Content younger than this, or that a client asked for within this time, stays. */
  readonly graceMs: number;
  readonly deleteUntagged: boolean;
}

export interface HttpConfig {
  readonly address: Address;
  /** `https://registry.example.com`: begins every Location; undefined: they are relative. */
  readonly host: string | undefined;
  /** Path before `/v2/`, without the last slash; empty when there is none. */
  readonly prefix: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls:
    | { readonly certificate: string; readonly key: string; readonly clientAuthorities: readonly string[] }
    | undefined;
  readonly drainTimeoutMs: number;
  /** Where metrics and health are served; undefined: with everything else. */
  readonly debugAddress: Address | undefined;
  readonly metricsPath: string;
}

export type AuthConfig =
  | { readonly kind: 'none' }
  | { readonly kind: 'htpasswd'; readonly realm: string; readonly path: string; readonly anonymousRead: boolean }
  | {
      readonly kind: 'token';
      readonly realm: string;
      readonly service: string;
      readonly issuer: string;
      readonly certificates: string | undefined;
      readonly jwks: string | undefined;
      readonly anonymousRead: boolean;
    };
