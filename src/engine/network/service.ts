import type { Filters } from '../../api/filters.ts';
import type { Network } from '../../api/types/network.ts';

/** Networks as the API shows them. Only `bridge`, `host` and `none` exist so far; making others is refused as not_implemented. */
export interface NetworkService {
  list(filters: Filters): Promise<readonly Network[]>;
  /** Errors: not_found `network x not found`. */
  inspect(nameOrId: string): Promise<Network>;
  /** Errors: forbidden for predefined ones. */
  remove(nameOrId: string): Promise<void>;
}
