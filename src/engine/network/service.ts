import type { Filters } from '../../api/filters.ts';
import type { Network } from '../../api/types/network.ts';
import type { PortExplanation } from '../../api/types/port-explanation.ts';

/** Networks as the API shows them. Containers join and leave through the container service. */
export interface NetworkService {
  list(filters: Filters): Promise<readonly Network[]>;
  /** Errors: not_found `network x not found`. */
  inspect(nameOrId: string): Promise<Network>;
  /** Body of POST /networks/create. Errors: invalid_parameter, conflict, forbidden, not_implemented. */
  create(body: Readonly<Record<string, unknown>>): Promise<{ readonly Id: string; readonly Warning: string }>;
  /** Errors: forbidden for predefined ones and those in use. */
  remove(nameOrId: string): Promise<void>;
  /** From where a container's published ports are reached; `containerId`: the whole one. */
  explain(containerId: string): Promise<readonly PortExplanation[]>;
  /** Removes user-defined networks that no running container is on; resolves with their names. */
  prune(filters: Filters): Promise<readonly string[]>;
}
