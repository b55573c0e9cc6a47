import type { PortForward } from './firewall.ts';

/** Text for nft(8) that makes the whole table, replacing an earlier one in one transaction. */
export function formatTable(table: string, bridge: string, subnet: string, forwards: readonly PortForward[]): string {
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
    `ip saddr ${subnet} oifname != "${bridge}" masquerade`,
    `ip saddr ${subnet} ip daddr ${subnet} ct status dnat masquerade`,
    `ip saddr 127.0.0.0/8 oifname "${bridge}" masquerade`,
    '}',
    '}',
    ...formatElements('add', table, forwards),
    '',
  ].join('\n');
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
