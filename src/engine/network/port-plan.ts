import type { PortMap } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';

export interface PortWish {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp: string;
  /** Candidates in order; [0] asks for any free one. */
  readonly hostPorts: readonly number[];
}

/** Largest range of host ports one binding may name. */
const RANGE = 1000;

/** What a container wants published. Errors: invalid_parameter for malformed ports, not_implemented for sctp and IPv6 host addresses. */
export function planPorts(bindings: PortMap, exposed: readonly string[], publishAll: boolean): readonly PortWish[] {
  const all: PortMap = publishAll
    ? Object.fromEntries([...exposed.map((port) => [port, [{}]] as const), ...Object.entries(bindings)])
    : bindings;
  return Object.entries(all).flatMap(([key, hosts]) => {
    const { port, protocol } = parsePort(key);
    return (hosts ?? []).map(({ HostIp, HostPort }) => ({
      containerPort: port,
      protocol,
      hostIp: parseHostIp(HostIp),
      hostPorts: parseRange(HostPort),
    }));
  });
}

/** `80/tcp`. */
export function parsePort(key: string): { readonly port: number; readonly protocol: 'tcp' | 'udp' } {
  const [, number, protocol = 'tcp'] = /^(\d+)(?:\/(tcp|udp|sctp))?$/.exec(key) ?? [];
  if (number === undefined || Number(number) < 1 || Number(number) > 65_535)
    throw new KnownError('invalid_parameter', `invalid port specification: "${key}"`);
  if (protocol !== 'tcp' && protocol !== 'udp')
    throw new KnownError('not_implemented', `publishing ${protocol} ports is not supported yet: ${key}`);
  return { port: Number(number), protocol };
}

function parseHostIp(ip: string | undefined): string {
  if (!ip || ip === '0.0.0.0') return '0.0.0.0';
  if (ip.includes(':'))
    throw new KnownError('not_implemented', `publishing on an IPv6 address is not supported yet: ${ip}`);
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(ip)) throw new KnownError('invalid_parameter', `invalid IP address: ${ip}`);
  return ip;
}

function parseRange(text: string | undefined): readonly number[] {
  if (!text) return [0];
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === undefined || from > to || to > 65_535 || to - from > RANGE)
    throw new KnownError('invalid_parameter', `invalid host port: "${text.slice(0, 50)}"`);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
