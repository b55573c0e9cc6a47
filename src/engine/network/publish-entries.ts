import type { PortForward } from '../../linux/firewall/firewall.ts';
import type { GatewayMode } from '../../store/record/network-records.ts';
import type { PortWish } from './port-plan.ts';

/** Whose ports are published, and what is by now. */
export interface Publication {
  readonly containerName: string;
  /** Where IPv4 traffic from outside comes in; undefined: nowhere. */
  readonly ipv4: PublishTarget | undefined;
  /** As `ipv4`. */
  readonly ipv6: PublishTarget | undefined;
  readonly forwards: readonly PortForward[];
}

/** The endpoint that the default route of a family goes by. */
export interface PublishTarget {
  readonly endpointId: string;
  readonly ip: string;
  readonly gatewayMode: GatewayMode;
}

/** A forward whose port of the host is not known yet. */
export type PublishEntry = Omit<PortForward, 'hostPort'>;

/**
 * What a wish comes to: ports opened at the container's own addresses (routed networks), and ports held on the host. A container without an
 * address of the host's family is reached by the other one, but not in a routed network. `ipv6`: the host has some. Pure.
 */
export function planEntries(
  whose: Publication,
  { protocol, containerPort, hostIps, byHost }: PortWish,
  ipv6: boolean,
): { readonly open: readonly PortForward[]; readonly held: readonly PublishEntry[] } {
  const open: PortForward[] = [];
  const held: PublishEntry[] = [];
  hostIps.forEach((hostIp, i) => {
    // Every address only means IPv6 where there is some.
    if (i > 0 && hostIp.includes(':') && !ipv6) return;
    const own = targetOf(whose, hostIp);
    const target = own ?? (protocol === 'sctp' ? undefined : otherTargetOf(whose, hostIp));
    if (!target || target.gatewayMode === 'isolated') return;
    const entry = { protocol, hostIp, containerIp: target.ip, containerPort, ...(byHost && { byHost }) };
    if (target.gatewayMode !== 'routed') held.push(entry);
    else if (own) open.push({ ...entry, hostIp: hostIp.includes(':') ? '::' : '0.0.0.0', hostPort: 0 });
  });
  return { open, held };
}

/** The forward where the container is by now; undefined: it cannot be the same one. */
export function retarget(forward: PortForward, whose: Publication): PortForward | undefined {
  const target = targetOf(whose, forward.hostIp) ?? otherTargetOf(whose, forward.hostIp);
  const wasSame = forward.containerIp.includes(':') === forward.hostIp.includes(':');
  const isSame = target?.ip.includes(':') === forward.hostIp.includes(':');
  if (!target || forward.hostPort === 0 || target.gatewayMode === 'routed' || wasSame !== isSame) return undefined;
  return { ...forward, containerIp: target.ip };
}

export function hasMoved(now: PortForward, before: PortForward | undefined): boolean {
  return now.containerIp !== before?.containerIp;
}

/** A process is to hold the port, and to forward what the kernel does not. */
export function needsProxy({ protocol, hostIp, containerIp, byHost }: PublishEntry): boolean {
  const crosses = hostIp.includes(':') !== containerIp.includes(':');
  return protocol !== 'sctp' && (byHost === true || crosses || hostIp.includes(':'));
}

/** A process holds the port. */
export function isProxied(forward: PortForward): boolean {
  return forward.hostPort !== 0 && needsProxy(forward);
}

/** Or by nothing, where it is SCTP. */
export function isHeldBySocket(forward: PortForward): boolean {
  return forward.hostPort !== 0 && !isProxied(forward);
}

function targetOf({ ipv4, ipv6 }: Publication, hostIp: string): PublishTarget | undefined {
  return hostIp.includes(':') ? ipv6 : ipv4;
}

function otherTargetOf({ ipv4, ipv6 }: Publication, hostIp: string): PublishTarget | undefined {
  return hostIp.includes(':') ? ipv4 : ipv6;
}
