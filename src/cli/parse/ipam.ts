import { isIP } from 'node:net';
import type { IPAMConfig } from '../../api/types/network.ts';
import { invalid } from '../../lib/invalid.ts';

export interface IpamOptions {
  readonly subnets: readonly string[];
  readonly ipRanges: readonly string[];
  readonly gateways: readonly string[];
  readonly aux: Readonly<Record<string, string>>;
}

/** One entry a subnet, with the range, gateway and reserved addresses that are in it. Errors: invalid_parameter in the client's words. */
export function parseIpam({ subnets, ipRanges, gateways, aux }: IpamOptions): IPAMConfig[] {
  if (subnets.length < ipRanges.length || subnets.length < gateways.length)
    throw invalid('every ip-range or gateway must have a corresponding subnet');
  const configs = new Map<
    string,
    { Subnet: string; IPRange: string; Gateway: string; AuxAddress: Record<string, string> }
  >();
  for (const subnet of subnets) {
    for (const other of configs.keys())
      if (contains(subnet, other) || contains(other, subnet))
        throw invalid('multiple overlapping subnet configuration is not supported');
    configs.set(subnet, { Subnet: subnet, IPRange: '', Gateway: '', AuxAddress: {} });
  }
  const owner = (value: string, what: string) => {
    const found = subnets.find((subnet) => contains(subnet, value));
    const config = found === undefined ? undefined : configs.get(found);
    if (!config) throw invalid(`no matching subnet for ${what} ${value}`);
    return config;
  };
  for (const range of ipRanges) {
    const config = owner(range, 'range');
    if (config.IPRange)
      throw invalid(
        `cannot configure multiple ranges (${range}, ${config.IPRange}) on the same subnet (${config.Subnet})`,
      );
    config.IPRange = range;
  }
  for (const gateway of gateways) {
    const config = owner(gateway, 'gateway');
    if (config.Gateway)
      throw invalid(
        `cannot configure multiple gateways (${gateway}, ${config.Gateway}) for the same subnet (${config.Subnet})`,
      );
    config.Gateway = gateway;
  }
  for (const [name, ip] of Object.entries(aux)) owner(ip, 'aux-address').AuxAddress[name] = ip;
  return [...configs.values()].map(({ Subnet, IPRange, Gateway, AuxAddress }) => ({
    Subnet,
    ...(IPRange && { IPRange }),
    ...(Gateway && { Gateway }),
    ...(Object.keys(AuxAddress).length > 0 && { AuxiliaryAddresses: AuxAddress }),
  }));
}

/** An address, or the address of a `.../n`, within a subnet. */
function contains(subnet: string, value: string): boolean {
  const [base, bits] = parseCidr(subnet, 'invalid subnet: ');
  const ip = value.includes('/') ? parseCidr(value, '')[0] : bitsOf(value);
  return ip !== undefined && ip.length === base.length && ip.slice(0, bits) === base.slice(0, bits);
}

function parseCidr(text: string, prefix: string): readonly [string, number] {
  const [, ip = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const binary = bitsOf(ip);
  if (binary === undefined || Number(bits) > binary.length) throw invalid(`${prefix}invalid CIDR address: ${text}`);
  return [binary, Number(bits)];
}

/** 32 or 128 binary digits; undefined: no address. */
function bitsOf(ip: string): string | undefined {
  if (isIP(ip) === 4)
    return ip
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  if (isIP(ip) !== 6 || ip.includes('%')) return undefined;
  const groups = new URL(`http://[${ip}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter(Boolean));
  const [head = [], tail] = groups;
  const zeros = Array.from({ length: tail ? 8 - head.length - tail.length : 0 }, () => '0');
  return [...head, ...zeros, ...(tail ?? [])]
    .map((group) => parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
}
