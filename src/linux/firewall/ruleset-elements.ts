import type { ElementPart, SetElement } from '../netlink/nf-tables.ts';
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
 * What the kernel does of these forwards, each once. `staying`: those that remain when they are deleted; a container's port that one of them leads
 * to stays open.
 */
export function elementsOf(
  forwards: readonly PortForward[],
  staying: readonly PortForward[] = [],
): readonly SetElement[] {
  const kept = new Set(staying.flatMap(openElements).map(formatElement));
  const elements = forwards.flatMap((forward) => [
    ...translationElements(forward),
    ...openElements(forward).filter((element) => !kept.has(formatElement(element))),
  ]);
  return [...new Map(elements.map((element) => [formatElement(element), element])).values()];
}

/** As nft(8) writes it, behind the name of the table. */
export function formatElement({ set, key, data }: SetElement): string {
  const text = (parts: readonly ElementPart[]): string => parts.map((part) => Object.values(part)[0]).join(' . ');
  return `${set} { ${text(key)}${data ? ` : ${text(data)}` : ''} }`;
}

/** Whether the kernel takes it to the container: within a family, by a port of the host other than one of `::1`. */
export function isTranslated({ hostIp, hostPort, containerIp, byHost }: PortForward): boolean {
  return hostPort !== 0 && !byHost && familyOf(hostIp) === familyOf(containerIp) && hostIp !== '::1';
}

function translationElements(forward: PortForward): readonly SetElement[] {
  const { protocol, hostIp, hostPort, containerIp, containerPort } = forward;
  if (!isTranslated(forward)) return [];
  const every = hostIp === '0.0.0.0' || hostIp === '::';
  const set = mapName(protocol, every ? 'any' : 'one', familyOf(hostIp));
  const key = [...(every ? [] : [{ ip: hostIp }]), { port: hostPort }];
  return [{ set, key, data: [{ ip: containerIp }, { port: containerPort }] }];
}

function openElements({ protocol, hostIp, containerIp, containerPort, byHost }: PortForward): readonly SetElement[] {
  const family = familyOf(containerIp);
  if (byHost || family !== familyOf(hostIp)) return [];
  return [{ set: openName(family), key: [{ ip: containerIp }, { protocol }, { port: containerPort }] }];
}

function familyOf(ip: string): IpFamily {
  return FAMILIES[ip.includes(':') ? 1 : 0] as IpFamily;
}
