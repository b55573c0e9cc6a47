import type { FirewallBridge, FirewallGatewayMode, FirewallState } from './firewall.ts';
import {
  elementsOf,
  FAMILIES,
  formatElement,
  type IpFamily,
  mapName,
  openName,
  PROTOCOLS,
} from './ruleset-elements.ts';

/** Text for nft(8) that makes the whole table, replacing an earlier one in one transaction. */
export function formatTable(table: string, { bridges, forwards }: FirewallState): string {
  return [
    // Of daemons that had a table of IPv4 alone.
    ...['ip', 'inet'].flatMap((family) => [`table ${family} ${table}`, `delete table ${family} ${table}`]),
    `table inet ${table} {`,
    ...FAMILIES.flatMap(formatMaps),
    ...(bridges.length > 0 ? formatGuard(bridges) : []),
    'chain prerouting { type nat hook prerouting priority -101; policy accept;',
    ...FAMILIES.flatMap(formatTranslation),
    '}',
    'chain output { type nat hook output priority -101; policy accept;',
    // The kernel does not route ::1 to another link: that address is the proxies'.
    'ip6 daddr ::1 accept',
    ...FAMILIES.flatMap(formatTranslation),
    '}',
    'chain postrouting { type nat hook postrouting priority 99; policy accept;',
    ...bridges.filter(({ internal }) => !internal).flatMap(formatMasquerade),
    '}',
    ...(bridges.length > 0 ? formatBorders(bridges) : []),
    '}',
    ...elementsOf(forwards).map((element) => `add element inet ${table} ${formatElement(element)}`),
    '',
  ].join('\n');
}

function formatMaps(family: IpFamily): readonly string[] {
  const to = `${family.type} . inet_service`;
  return [
    ...PROTOCOLS.flatMap((protocol) => [
      `map ${mapName(protocol, 'any', family)} { type inet_service : ${to}; }`,
      `map ${mapName(protocol, 'one', family)} { type ${family.type} . inet_service : ${to}; }`,
    ]),
    `set ${openName(family)} { type ${family.type} . inet_proto . inet_service; }`,
  ];
}

function formatTranslation(family: IpFamily): readonly string[] {
  const { word } = family;
  return PROTOCOLS.flatMap((protocol) => [
    `dnat ${word} to ${word} daddr . ${protocol} dport map @${mapName(protocol, 'one', family)}`,
    `fib daddr type local dnat ${word} to ${protocol} dport map @${mapName(protocol, 'any', family)}`,
  ]);
}

/**
 * Before any translation: a container's own address is no way in from another link, and loopback addresses are not reached from other machines
 * (a published one would be translated before the kernel sees that). Answers to what containers began pass.
 */
function formatGuard(bridges: readonly FirewallBridge[]): readonly string[] {
  const guarded = FAMILIES.map((family) => bridges.filter((bridge) => isGuarded(bridge, family)));
  return [
    ...FAMILIES.flatMap((family, i) =>
      (guarded[i] ?? []).flatMap((bridge) => [
        `chain guard${family.version}_${bridge.link} {`,
        `iifname { ${['lo', bridge.link, ...bridge.trustedHostInterfaces].map(quote).join(', ')} } return`,
        'fib daddr type local return',
        'drop',
        '}',
      ]),
    ),
    'chain guard { type filter hook prerouting priority -150; policy accept;',
    'iifname != "lo" ip daddr 127.0.0.0/8 drop',
    'ct state established,related accept',
    ...FAMILIES.flatMap((family, i) => {
      const elements = (guarded[i] ?? []).map(
        (bridge) => `${subnetOf(bridge, family)} : goto guard${family.version}_${bridge.link}`,
      );
      return elements.length > 0 ? [`${family.word} daddr vmap { ${elements.join(', ')} }`] : [];
    }),
    '}',
  ];
}

/** Leaves the bridge; comes back to it through a published port; comes from the host's loopback. */
function formatMasquerade(bridge: FirewallBridge): readonly string[] {
  const { link } = bridge;
  return FAMILIES.flatMap((family) => {
    const { word, version } = family;
    const subnet = subnetOf(bridge, family);
    if (subnet === undefined || !isTranslated(modeOf(bridge, family))) return [];
    const [on, source] = version === 4 ? [bridge.masquerade4, bridge.source4] : [bridge.masquerade6, bridge.source6];
    const change = source === undefined ? 'masquerade' : `snat ${word} to ${source}`;
    return [
      ...(on ? [`${word} saddr ${subnet} oifname != "${link}" ${change}`] : []),
      `${word} saddr ${subnet} ${word} daddr ${subnet} ct status dnat masquerade`,
      ...(version === 4 ? [`ip saddr 127.0.0.0/8 oifname "${link}" masquerade`] : []),
    ];
  });
}

/** Final drops only: what is accepted here other tables may still refuse. One look-up finds the rules of the bridge, however many there are. */
function formatBorders(bridges: readonly FirewallBridge[]): readonly string[] {
  const ours = `{ ${bridges.map(({ link }) => quote(link)).join(', ')} }`;
  const internal = bridges.filter((bridge) => bridge.internal);
  return [
    ...bridges.flatMap((bridge) => [`chain into_${bridge.link} {`, ...formatInto(bridge, ours), '}']),
    ...internal.flatMap(({ link }) => [`chain from_${link} {`, `oifname != "${link}" drop`, '}']),
    'chain forward { type filter hook forward priority -1; policy accept;',
    ...(internal.length > 0
      ? [`iifname vmap { ${internal.map(({ link }) => `"${link}" : jump from_${link}`).join(', ')} }`]
      : []),
    `oifname vmap { ${bridges.map(({ link }) => `"${link}" : goto into_${link}`).join(', ')} }`,
    '}',
  ];
}

function formatInto(bridge: FirewallBridge, ours: string): readonly string[] {
  const { link, icc, internal } = bridge;
  return [
    ...(internal ? [`iifname != "${link}" drop`] : []),
    'ct state established,related accept',
    // Not even by a published port: whether the kernel could tell depends on br_netfilter.
    `iifname "${link}" ${icc ? 'accept' : 'drop'}`,
    ...(internal ? [] : FAMILIES.flatMap((family) => formatEntries(bridge, family, ours))),
    'drop',
  ];
}

/** What comes in from outside of the bridge. */
function formatEntries(bridge: FirewallBridge, family: IpFamily, ours: string): readonly string[] {
  const { word, version, icmp } = family;
  if (subnetOf(bridge, family) === undefined) return [];
  const open = `${word} daddr . meta l4proto . th dport @${openName(family)} accept`;
  const trusted = bridge.trustedHostInterfaces.map(quote).join(', ');
  switch (modeOf(bridge, family)) {
    case 'nat':
      return [
        `meta nfproto ipv${version} ct status dnat accept`,
        ...(bridge.directRouting ? [open] : trusted === '' ? [] : [`iifname { ${trusted} } ${open}`]),
      ];
    case 'nat-unprotected':
      return [
        `meta nfproto ipv${version} ct status dnat accept`,
        `meta nfproto ipv${version} iifname != ${ours} accept`,
      ];
    case 'routed':
      return [`meta l4proto ${icmp} accept`, open];
    case 'isolated':
      return [];
  }
}

function isGuarded(bridge: FirewallBridge, family: IpFamily): boolean {
  if (bridge.internal || bridge.directRouting) return false;
  return subnetOf(bridge, family) !== undefined && modeOf(bridge, family) === 'nat';
}

function isTranslated(mode: FirewallGatewayMode): boolean {
  return mode === 'nat' || mode === 'nat-unprotected';
}

function modeOf(bridge: FirewallBridge, { version }: IpFamily): FirewallGatewayMode {
  return version === 4 ? bridge.gatewayMode4 : bridge.gatewayMode6;
}

function subnetOf(bridge: FirewallBridge, { version }: IpFamily): string | undefined {
  return version === 4 ? bridge.subnet : bridge.subnet6;
}

function quote(text: string): string {
  return `"${text}"`;
}
