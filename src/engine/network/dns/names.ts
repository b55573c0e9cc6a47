import type { EndpointRecord, NetworkRecord, SandboxRecord } from '../../../store/record/network-records.ts';
import { dnsNames, type NetworkLookup } from '../attachment.ts';
import { canonicalAddress, familyOf, ipBytesOf } from '../ipam.ts';
import { subnetOf } from '../subnets.ts';

/** What a container may see of names: its own record, and those of everybody. */
export interface NameView {
  readonly own: SandboxRecord;
  readonly names: NameIndex;
  readonly networkOf: NetworkLookup;
}

/** Bytes of addresses, by family. */
export interface Addresses {
  readonly v4: readonly Uint8Array[];
  readonly v6: readonly Uint8Array[];
}

/** Who is called what in each network. Names in lower case, addresses in canonical form. */
export interface NameIndex {
  addressesOf(networkId: string, name: string): Addresses | undefined;
  /** Name of the container that has an address there. */
  ownerOf(networkId: string, ip: string): string | undefined;
}

/** Made anew when a record has been replaced since the last call: records are never changed. */
export function createNameIndexes(): (all: Iterable<SandboxRecord>) => NameIndex {
  let last: { readonly records: readonly SandboxRecord[]; readonly index: NameIndex } | undefined;
  return (all) => {
    const records = [...all];
    const isSame =
      last?.records.length === records.length && records.every((record, at) => record === last?.records[at]);
    if (!last || !isSame) last = { records, index: indexNames(records) };
    return last.index;
  };
}

/** Addresses of a name in the networks of a container, also as `name.network` and by its own links; undefined: nobody there has it. */
export function addressesOf(view: NameView, name: string): Addresses | undefined {
  for (const { endpoint, network } of ownNetworks(view)) {
    const suffix = `.${network.name.toLowerCase()}`;
    for (const wanted of name.endsWith(suffix) ? [name, name.slice(0, -suffix.length)] : [name]) {
      const found = view.names.addressesOf(network.id, linkedName(endpoint, wanted));
      if (found) return found;
    }
  }
  return undefined;
}

/** Who has an address: `name.network`, or no name when it is of a network of the container and free; undefined: it is elsewhere. */
export function nameOfAddress(view: NameView, ip: string): { readonly name: string | undefined } | undefined {
  for (const { network } of ownNetworks(view)) {
    const owner = view.names.ownerOf(network.id, ip);
    if (owner !== undefined) return { name: `${owner}.${network.name}` };
    if (subnetOf(network, ip)) return { name: undefined };
  }
  return undefined;
}

/**
 * The address that is asked for, in canonical form: `4.3.2.1.in-addr.arpa` is 1.2.3.4; 32 digits before `ip6.arpa` are one of IPv6
 * (RFC 3596, 2.5). undefined: the name is none such.
 */
export function reverseAddress(name: string): string | undefined {
  const [, digits] = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name) ?? [];
  const groups = digits?.replaceAll('.', '').split('').reverse().join('').match(/.{4}/g);
  const [, parts] = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name) ?? [];
  const text = groups ? groups.join(':') : parts?.slice(0, -1).split('.').reverse().join('.');
  return text !== undefined && familyOf(text) !== undefined ? canonicalAddress(text) : undefined;
}

/** Only by a network that leads outside are names of the outside asked for. */
export function mayAskOutside({ own, networkOf }: NameView): boolean {
  return own.endpoints.some(({ networkId }) => networkOf(networkId)?.record.internal === false);
}

function indexNames(records: readonly SandboxRecord[]): NameIndex {
  const names = new Map<string, { readonly v4: Uint8Array[]; readonly v6: Uint8Array[] }>();
  const owners = new Map<string, string>();
  for (const record of records)
    for (const endpoint of record.endpoints) {
      const { networkId, wired } = endpoint;
      const ips = [wired?.ip, wired?.ip6].flatMap((ip) => (ip ? [ip] : []));
      for (const ip of ips) owners.set(`${networkId} ${canonicalAddress(ip)}`, record.containerName);
      if (ips.length === 0) continue;
      for (const name of new Set(dnsNames(record, endpoint).map((given) => given.toLowerCase()))) {
        const key = `${networkId} ${name}`;
        const found = names.get(key) ?? { v4: [], v6: [] };
        for (const ip of ips) (familyOf(ip) === 4 ? found.v4 : found.v6).push(ipBytesOf(ip));
        names.set(key, found);
      }
    }
  return {
    addressesOf: (networkId, name) => names.get(`${networkId} ${name}`),
    ownerOf: (networkId, ip) => owners.get(`${networkId} ${ip}`),
  };
}

/** `--link container:alias`: the alias is another name, for this container alone. */
function linkedName({ settings }: EndpointRecord, name: string): string {
  for (const link of settings.Links ?? []) {
    const [container = '', alias = container] = link.toLowerCase().split(':');
    if (alias === name) return container;
  }
  return name;
}

function ownNetworks({ own, networkOf }: NameView): readonly {
  readonly endpoint: EndpointRecord;
  readonly network: NetworkRecord;
}[] {
  return own.endpoints.flatMap((endpoint) => {
    const network = networkOf(endpoint.networkId);
    return network && !network.builtin ? [{ endpoint, network: network.record }] : [];
  });
}
