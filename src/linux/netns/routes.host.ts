import { existsSync, readFileSync } from 'node:fs';
import type { HostRoute } from './network-namespaces.ts';

const IPV6_ROUTES = '/proc/net/ipv6_route';
const LINK_LOCAL = /^fe[89ab]|^ff/;

/** See {@link NetworkNamespaces.routes}. */
export function readRoutes(): readonly HostRoute[] {
  const ipv6 = existsSync(IPV6_ROUTES) ? parseIPv6Routes(readFileSync(IPV6_ROUTES, 'utf8')) : [];
  return [...parseIPv4Routes(readFileSync('/proc/net/route', 'utf8')), ...ipv6];
}

/** /proc/net/route (proc(5)): tab-separated columns, addresses as the machine's words in hexadecimal. */
export function parseIPv4Routes(text: string): readonly HostRoute[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [link, network, , , , , , mask] = line.split('\t').map((column) => column.trim());
      if (!link || !network || !mask || mask === '00000000') return [];
      const octets = network.match(/../g)?.map((octet) => Number.parseInt(octet, 16)) ?? [];
      const prefixLength = Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length;
      return [{ link, ip: octets.toReversed().join('.'), prefixLength }];
    });
}

/** /proc/net/ipv6_route (ipv6_route_seq_show of the kernel): network, length and then others in hexadecimal, the link at the end. */
export function parseIPv6Routes(text: string): readonly HostRoute[] {
  return text.split('\n').flatMap((line) => {
    const [network = '', length = '', , , , , , , , link = ''] = line.trim().split(/\s+/);
    const prefixLength = Number.parseInt(length, 16);
    // The machine's own addresses are routes by lo as well.
    if (link === '' || link === 'lo' || prefixLength === 0 || LINK_LOCAL.test(network)) return [];
    return [{ link, ip: network.match(/.{4}/g)?.join(':') ?? '', prefixLength }];
  });
}
