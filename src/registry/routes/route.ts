import type { Access, Call, Reply } from '../call.ts';
import type { Registry } from '../registry.ts';

/** What every route is given. */
export interface RouteDeps {
  readonly registry: Registry;
  readonly deleteEnabled: boolean;
  readonly readOnly: boolean;
  readonly limits: Limits;
  /** Path or URL that clients are sent to: `/v2/...` behind what http.host and http.prefix say. */
  readonly locate: (path: string) => string;
}

export interface Limits {
  readonly manifestBytes: number;
  readonly nameLength: number;
  /** Transfers at the same time. */
  readonly uploads: number;
  /** Most entries of one answer of tags and _catalog. */
  readonly pageSize: number;
}

/** A request that a route has taken: what it needs, then what it does. */
export interface Match {
  /** For metrics and logs. */
  readonly route: RouteName;
  readonly access: Access;
  /** Changes something, so that read-only mode refuses it. */
  readonly writes: boolean;
  readonly run: (call: Call) => Promise<Reply>;
}

export type RouteName =
  | 'metrics'
  | 'health'
  | 'page'
  | 'token'
  | 'base'
  | 'catalog'
  | 'tags'
  | 'manifest'
  | 'blob'
  | 'upload'
  | 'uploads'
  | 'referrers';
