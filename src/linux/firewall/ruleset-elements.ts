import type { PortForward, PortProtocol } from './firewall.ts';

export const PROTOCOLS: readonly PortProtocol[] = ['tcp', 'udp', 'sctp'];

export interface IpFamily {
  readonly version: 4 | 6;
  /** nft's words. */
  readonly word: 'ip' | 'ip6';
  readonly type: 'ipv4_addr' | 'ipv6_addr';
  readonly icmp: 'icmp' | 'icmpv6';
}

export const FAMILIES: readonly IpFamily[] = [
  { version: 4, word: 'ip', type: 'ipv4_addr', icmp: 'icmp' },
  { version: 6, word: 'ip6', type: 'ipv6_addr', icmp: 'icmpv6' },
];

/** Of forwards for every address of the host (`any`, by port), and for one (`one`, by address and port). */
export function mapName(protocol: PortProtocol, kind: 'any' | 'one', { version }: IpFamily): string {
  return `${protocol}_${kind}${version}`;
}

/** Published ports by the containers' own addresses. */
export function openName({ version }: IpFamily): string {
  return `open${version}`;
}

/**
 * Lines that add or delete what the kernel does of these forwards. `staying`: those that remain when others are deleted; a container's port that
 * one of them leads to stays open.
 */
export function formatElements(
  verb: 'add' | 'delete',
  table: string,
  forwards: readonly PortForward[],
  staying: readonly PortForward[] = [],
): readonly string[] {
  const kept = new Set(staying.flatMap(openElements));
  const lines = forwards.flatMap((forward) => [
    ...translationElements(forward),
    ...openElements(forward).filter((element) => !kept.has(element)),
  ]);
  return [...new Set(lines)].map((element) => `${verb} element inet ${table} ${element}`);
}

/** Whether the kernel takes it to the container: within a family, by a port of the host other than one of `::1`. */
export function isTranslated({ hostIp, hostPort, containerIp, byHost }: PortForward): boolean {
  return hostPort !== 0 && !byHost && familyOf(hostIp) === familyOf(containerIp) && hostIp !== '::1';
}

function translationElements(forward: PortForward): readonly string[] {
  const { protocol, hostIp, hostPort, containerIp, containerPort } = forward;
  if (!isTranslated(forward)) return [];
  const every = hostIp === '0.0.0.0' || hostIp === '::';
  const name = mapName(protocol, every ? 'any' : 'one', familyOf(hostIp));
  const key = every ? `${hostPort}` : `${hostIp} . ${hostPort}`;
  return [`${name} { ${key} : ${containerIp} . ${containerPort} }`];
}

function openElements({ protocol, hostIp, containerIp, containerPort, byHost }: PortForward): readonly string[] {
  const family = familyOf(containerIp);
  if (byHost || family !== familyOf(hostIp)) return [];
  return [`${openName(family)} { ${containerIp} . ${protocol} . ${containerPort} }`];
}

function familyOf(ip: string): IpFamily {
  return FAMILIES[ip.includes(':') ? 1 : 0] as IpFamily;
}
