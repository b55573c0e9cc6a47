import { isIPv4, isIPv6 } from 'node:net';
import type { PortMap } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import type { PortProtocol } from '../../linux/firewall/firewall.ts';
import { sctpByHost } from './errors.ts';
import type { PublishPolicy } from './publish-policy.ts';

export interface PortWish {
  readonly containerPort: number;
  readonly protocol: PortProtocol;
  /** Held on the same port, or the wish fails. Without an address in the request: all IPv4, and all IPv6 where the host has it. */
  readonly hostIps: readonly string[];
  /** Candidates in order; [0] asks for any free one. */
  readonly hostPorts: readonly number[];
  /** The host's own input rules decide who reaches it. */
  readonly byHost?: true;
}

/** Largest range of host ports one binding may name. */
const RANGE = 1000;

/**
 * What a container wants published; `defaultIp` is bound where a binding names no address; `policy`: who decides about whom it reaches.
 * Errors: invalid_parameter for malformed ports and for a process that is to pass on SCTP.
 */
export function planPorts(
  bindings: PortMap,
  exposed: readonly string[],
  publishAll: boolean,
  defaultIp?: string,
  policy: PublishPolicy = () => 'docker',
): readonly PortWish[] {
  const all: PortMap = publishAll
    ? Object.fromEntries([...exposed.map((port) => [port, [{}]] as const), ...Object.entries(bindings)])
    : bindings;
  return Object.entries(all).flatMap(([key, hosts]) => {
    const { port, protocol } = parsePort(key);
    const byHost = (hosts ?? []).length > 0 && policy(port, protocol) === 'host-firewall';
    if (byHost && protocol === 'sctp') throw sctpByHost(key);
    return (hosts ?? []).map(({ HostIp, HostPort }) => ({
      containerPort: port,
      protocol,
      hostIps: parseHostIp(HostIp || defaultIp),
      hostPorts: parseRange(HostPort),
      ...(byHost && { byHost }),
    }));
  });
}

/** `80/tcp`. */
export function parsePort(key: string): { readonly port: number; readonly protocol: PortProtocol } {
  const [, number, protocol = 'tcp'] = /^(\d+)(?:\/(tcp|udp|sctp))?$/.exec(key) ?? [];
  if (number === undefined || Number(number) < 1 || Number(number) > 65_535)
    throw new KnownError('invalid_parameter', `invalid port specification: "${key}"`);
  return { port: Number(number), protocol: protocol as PortProtocol };
}

/** In canonical form; an IPv4 address in IPv6 clothes is that IPv4 address. */
function parseHostIp(ip: string | undefined): readonly string[] {
  if (!ip) return ['0.0.0.0', '::'];
  if (isIPv4(ip)) return [ip];
  if (!isIPv6(ip) || ip.includes('%')) throw new KnownError('invalid_parameter', `invalid IP address: ${ip}`);
  const canonical = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return [canonical];
  return [[high, low].flatMap((text) => [parseInt(text, 16) >> 8, parseInt(text, 16) & 255]).join('.')];
}

function parseRange(text: string | undefined): readonly number[] {
  if (!text) return [0];
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || from > to || to > 65_535 || to - from > RANGE)
    throw new KnownError('invalid_parameter', `invalid host port: "${text.slice(0, 50)}"`);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
