import type { FirewallBridge, PortForward } from './firewall.ts';

/** Text for nft(8) that makes the whole table, replacing an earlier one in one transaction. */
export function formatTable(
  table: string,
  bridges: readonly FirewallBridge[],
  forwards: readonly PortForward[],
): string {
  const maps = (['tcp', 'udp'] as const).flatMap((protocol) => [
    `map ${protocol}_any { type inet_service : ipv4_addr . inet_service; }`,
    `map ${protocol}_one { type ipv4_addr . inet_service : ipv4_addr . inet_service; }`,
  ]);
  const translate = (['tcp', 'udp'] as const).flatMap((protocol) => [
    `dnat ip to ip daddr . ${protocol} dport map @${protocol}_one`,
    `fib daddr type local dnat ip to ${protocol} dport map @${protocol}_any`,
  ]);
  return [
    `table ip ${table}`,
    `delete table ip ${table}`,
    `table ip ${table} {`,
    ...maps,
    'chain prerouting { type nat hook prerouting priority -101; policy accept;',
    ...translate,
    '}',
    'chain output { type nat hook output priority -101; policy accept;',
    ...translate,
    '}',
    'chain postrouting { type nat hook postrouting priority 99; policy accept;',
    ...bridges.filter(({ internal }) => !internal).flatMap(formatMasquerade),
    '}',
    'chain forward { type filter hook forward priority -1; policy accept;',
    ...formatBorders(bridges),
    '}',
    '}',
    ...formatElements('add', table, forwards),
    '',
  ].join('\n');
}

/** Leaves the bridge; comes back to it through a published port; comes from the host's loopback. */
function formatMasquerade({ link, subnet, masquerade4 }: FirewallBridge): readonly string[] {
  if (subnet === undefined) return [];
  return [
    ...(masquerade4 ? [`ip saddr ${subnet} oifname != "${link}" masquerade`] : []),
    `ip saddr ${subnet} ip daddr ${subnet} ct status dnat masquerade`,
    `ip saddr 127.0.0.0/8 oifname "${link}" masquerade`,
  ];
}

/** Final drops only: what is accepted here other tables may still refuse. */
function formatBorders(bridges: readonly FirewallBridge[]): readonly string[] {
  if (bridges.length === 0) return [];
  const ours = `{ ${bridges.map(({ link }) => `"${link}"`).join(', ')} }`;
  return [
    ...bridges
      .filter(({ internal }) => internal)
      .flatMap(({ link }) => [
        `iifname "${link}" oifname != "${link}" drop`,
        `oifname "${link}" iifname != "${link}" drop`,
      ]),
    `oifname ${ours} ct state established,related accept`,
    // Not even by a published port: whether the kernel could tell depends on br_netfilter.
    ...bridges.filter(({ icc }) => !icc).map(({ link }) => `iifname "${link}" oifname "${link}" drop`),
    `oifname ${ours} ct status dnat accept`,
    ...bridges.map(({ link }) => `iifname "${link}" oifname "${link}" accept`),
    `oifname ${ours} drop`,
  ];
}

/** Lines that add or delete forwards. */
export function formatElements(
  verb: 'add' | 'delete',
  table: string,
  forwards: readonly PortForward[],
): readonly string[] {
  return forwards.map((forward) => {
    const { protocol, hostIp, hostPort, containerIp, containerPort } = forward;
    const [map, key] = hostIp === '0.0.0.0' ? ['any', `${hostPort}`] : ['one', `${hostIp} . ${hostPort}`];
    return `${verb} element ip ${table} ${protocol}_${map} { ${key} : ${containerIp} . ${containerPort} }`;
  });
}
