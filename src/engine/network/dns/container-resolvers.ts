import type { Answer, DnsListener, DnsSockets } from '../../../linux/netns/dns-sockets.ts';
import type { SandboxRecord } from '../../../store/record/network-records.ts';
import type { NetworkLookup } from '../attachment.ts';
import { createNameIndexes } from './names.ts';
import type { Resolver } from './resolver.ts';

/** The resolvers inside of containers; they end with the daemon, and are made anew by the next one. */
export interface ContainerResolvers {
  /** For a container with a namespace of its own. Fine when it is open. Errors: conflict when the container itself has that port. */
  open(record: SandboxRecord): void;
  close(containerId: string): void;
}

/** `sandboxes`: the records as they are now, by the container's id. */
export function createContainerResolvers(deps: {
  readonly sockets: DnsSockets;
  readonly resolver: Resolver;
  readonly sandboxes: ReadonlyMap<string, SandboxRecord>;
  readonly networkOf: NetworkLookup;
}): ContainerResolvers {
  const listeners = new Map<string, DnsListener>();
  const indexOf = createNameIndexes();
  return {
    open(record) {
      const { containerId, netnsPath } = record;
      if (listeners.has(containerId) || netnsPath === undefined) return;
      const answer: Answer = (query, via) => {
        const own = deps.sandboxes.get(containerId);
        const view = own && { own, names: indexOf(deps.sandboxes.values()), networkOf: deps.networkOf };
        return view && deps.resolver.answer(view, query, via);
      };
      listeners.set(containerId, deps.sockets.listen(netnsPath, answer, { aside: servesNames(record) }));
    },
    close(containerId) {
      listeners.get(containerId)?.close();
      listeners.delete(containerId);
    },
  };
}

/** It says that it has a server at port 53, which may want that port of every address. Others are spared the rules: they cost some milliseconds. */
function servesNames({ exposed, wishes }: SandboxRecord): boolean {
  return exposed.some((port) => port.startsWith('53/')) || wishes.some(({ containerPort }) => containerPort === 53);
}
