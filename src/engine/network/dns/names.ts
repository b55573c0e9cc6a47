import type { EndpointRecord, SandboxRecord } from '../../../store/record/network-records.ts';
import { dnsNames, type NetworkLookup } from '../attachment.ts';
import { subnetOf } from '../subnets.ts';

/** What a container may see of names: its own record, and those of everybody. */
export interface NameView {
  readonly own: SandboxRecord;
  readonly all: readonly SandboxRecord[];
  readonly networkOf: NetworkLookup;
}

/** Addresses of a name in the networks of a container, also as `name.network`; undefined: nobody there has it. Pure. */
export function addressesOf(view: NameView, name: string): readonly string[] | undefined {
  for (const network of ownNetworks(view)) {
    const suffix = `.${network.name.toLowerCase()}`;
    for (const wanted of name.endsWith(suffix) ? [name, name.slice(0, -suffix.length)] : [name]) {
      const found = membersOf(view, network.id).flatMap(({ record, endpoint }) =>
        endpoint.wired?.ip && dnsNames(record, endpoint).some((other) => other.toLowerCase() === wanted)
          ? [endpoint.wired.ip]
          : [],
      );
      if (found.length > 0) return found;
    }
  }
  return undefined;
}

/** Who has an address: `name.network`, or no name when it is of a network of the container and free; undefined: it is elsewhere. Pure. */
export function nameOfAddress(view: NameView, ip: string): { readonly name: string | undefined } | undefined {
  for (const network of ownNetworks(view)) {
    const owner = membersOf(view, network.id).find(({ endpoint }) => endpoint.wired?.ip === ip);
    if (owner) return { name: `${owner.record.containerName}.${network.name}` };
    if (subnetOf(network, ip)) return { name: undefined };
  }
  return undefined;
}

/** `4.3.2.1.in-addr.arpa` is 1.2.3.4. */
export function reverseAddress(name: string): string | undefined {
  const [, d, c, b, a] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name) ?? [];
  return a === undefined ? undefined : [a, b, c, d].join('.');
}

/** Only by a network that leads outside are names of the outside asked for. */
export function mayAskOutside({ own, networkOf }: NameView): boolean {
  return own.endpoints.some(({ networkId }) => networkOf(networkId)?.record.internal === false);
}

function ownNetworks({ own, networkOf }: NameView) {
  return own.endpoints.flatMap(({ networkId }) => {
    const network = networkOf(networkId);
    return network && !network.builtin ? [network.record] : [];
  });
}

function membersOf(
  { all }: NameView,
  networkId: string,
): readonly { readonly record: SandboxRecord; readonly endpoint: EndpointRecord }[] {
  return all.flatMap((record) =>
    record.endpoints.filter((endpoint) => endpoint.networkId === networkId).map((endpoint) => ({ record, endpoint })),
  );
}
