import type { Filters } from '../../api/filters.ts';
import type { RegistryAuth } from '../image/service.ts';

/** What users ask of registries without an image in hand. */
export interface RegistryService {
  /** Proves credentials to the registry they name (none: Docker Hub). Resolves with the token to keep instead of the password, or ''. */
  login(auth: RegistryAuth, signal: AbortSignal): Promise<string>;
  /**
   * `docker search`: Docker Hub, or the registry before the first slash. `limit` 1 to 100, undefined: 25. Filters: `is-official`,
   * `is-automated`, `stars`. Errors: invalid_parameter, those of the registry.
   */
  search(
    request: {
      readonly term: string;
      readonly limit?: number;
      readonly filters: Filters;
      readonly auth?: RegistryAuth;
    },
    signal: AbortSignal,
  ): Promise<readonly SearchRow[]>;
}

/** Answer row of GET /images/search. */
export interface SearchRow {
  readonly star_count: number;
  readonly is_official: boolean;
  readonly name: string;
  readonly is_automated: boolean;
  readonly description: string;
}
