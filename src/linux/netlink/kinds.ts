import { attribute, numberAttribute, shortAttribute, textAttribute } from './message.ts';

/** Numbers of linux/if_link.h. */
const INFO = { KIND: 1, DATA: 2 } as const;
const MACVLAN_MODE = 1;
const MACVLAN_MODES: Readonly<Record<string, number>> = { private: 1, vepa: 2, bridge: 4, passthru: 8 };
const [IPVLAN_MODE, IPVLAN_FLAGS] = [1, 2];
const IPVLAN_MODES: Readonly<Record<string, number>> = { l2: 0, l3: 1, l3s: 2 };
const IPVLAN_FLAG: Readonly<Record<string, number>> = { bridge: 0, private: 1, vepa: 2 };
const VLAN_ID = 1;
const VETH_INFO_PEER = 1;

/** What a new link is, for IFLA_LINKINFO. */
export type LinkKind =
  | { readonly kind: 'bridge' | 'dummy' }
  | { readonly kind: 'veth'; readonly peer: Buffer }
  | { readonly kind: 'vlan'; readonly id: number }
  | { readonly kind: 'macvlan'; readonly mode: string }
  | { readonly kind: 'ipvlan'; readonly mode: string; readonly flag: string };

/** The attributes within IFLA_LINKINFO. Pure. */
export function formatKind(link: LinkKind): Buffer {
  const data = dataOf(link);
  return Buffer.concat([textAttribute(INFO.KIND, link.kind), ...(data ? [attribute(INFO.DATA, data)] : [])]);
}

function dataOf(link: LinkKind): Buffer | undefined {
  switch (link.kind) {
    case 'bridge':
    case 'dummy':
      return undefined;
    case 'veth':
      return attribute(VETH_INFO_PEER, link.peer);
    case 'vlan':
      return shortAttribute(VLAN_ID, link.id);
    case 'macvlan':
      return numberAttribute(MACVLAN_MODE, MACVLAN_MODES[link.mode] ?? 0);
    case 'ipvlan':
      return Buffer.concat([
        shortAttribute(IPVLAN_MODE, IPVLAN_MODES[link.mode] ?? 0),
        shortAttribute(IPVLAN_FLAGS, IPVLAN_FLAG[link.flag] ?? 0),
      ]);
  }
}
