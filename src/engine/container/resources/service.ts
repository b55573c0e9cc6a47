import type { ContainerStatsResponse, ContainerUpdateResponse, HostConfig } from '../../../api/types/container.ts';

/** What containers use and may use. Names as for containers. */
export interface ContainerResourcesService {
  /**
   * Samples, one a second, until the container is removed or `signal` aborts; for a container that does not run they are empty. Without
   * `stream` one sample, whose earlier values are those of half a second before; with `oneShot` they are left empty and nothing is waited for.
   */
  stats(
    name: string,
    options: { readonly stream: boolean; readonly oneShot: boolean },
    signal: AbortSignal,
  ): Promise<AsyncIterable<ContainerStatsResponse>>;
  /** Changes limits and restart policy, at once for a running container. Errors: invalid_parameter, conflict; system when the kernel refuses. */
  update(name: string, change: HostConfig): Promise<ContainerUpdateResponse>;
}
