import type { DnsListener, DnsSockets } from '../../../linux/netns/dns-sockets.ts';
import type { NameView } from './names.ts';
import type { Resolver } from './resolver.ts';

/** The resolvers inside of containers; they end with the daemon, and are made anew by the next one. */
export interface ContainerResolvers {
  /** Fine when it is open. Errors: conflict when the container itself has that port. */
  open(containerId: string, netnsPath: string): void;
  close(containerId: string): void;
}

/** `viewOf`: what the container sees now; undefined: it is gone. */
export function createContainerResolvers(deps: {
  readonly sockets: DnsSockets;
  readonly resolver: Resolver;
  readonly viewOf: (containerId: string) => NameView | undefined;
}): ContainerResolvers {
  const listeners = new Map<string, DnsListener>();
  return {
    open(containerId, netnsPath) {
      if (listeners.has(containerId)) return;
      const listener = deps.sockets.listen(netnsPath, async (query, via) => {
        const view = deps.viewOf(containerId);
        return view && (await deps.resolver.answer(view, query, via));
      });
      listeners.set(containerId, listener);
    },
    close(containerId) {
      listeners.get(containerId)?.close();
      listeners.delete(containerId);
    },
  };
}
