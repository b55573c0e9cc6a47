import type { IPAMConfig } from '../../api/types/network.ts';
import { badNetwork } from './errors.ts';
import {
  containsAddress,
  containsSubnet,
  type Family,
  familyOf,
  formatSubnet,
  overlaps,
  parseCidr,
  type Subnet,
} from './ipam.ts';

/** Addresses that no link to containers can have: what is for the host itself would go to them (RFC 6890, RFC 5771). */
const RESERVED: readonly (readonly [Subnet, string])[] = [
  ['0.0.0.0/8', 'addresses of no network'],
  ['127.0.0.0/8', 'loopback addresses'],
  ['224.0.0.0/4', 'multicast addresses'],
  ['::/127', 'loopback addresses'],
  ['ff00::/8', 'multicast addresses'],
].flatMap(([text = '', what = '']) => {
  const subnet = parseCidr(text);
  return subnet ? [[subnet, what] as const] : [];
});

/**
 * As Docker's ValidateIPAM: all that is wrong is told at once. IPv6 subnets of a network without IPv6 are not looked at further, and left
 * out later. Errors: invalid_parameter.
 */
export function checkIpam(configs: readonly IPAMConfig[], enableIPv6: boolean): void {
  const problems = configs.flatMap((config) => problemsOf(config, enableIPv6));
  if (problems.length > 0) throw badNetwork(...problems);
}

function problemsOf(config: IPAMConfig, enableIPv6: boolean): readonly string[] {
  const text = config.Subnet ?? '';
  const subnet = parseCidr(text);
  if (!subnet) return [`invalid subnet ${text}: invalid CIDR block notation`];
  if (subnet.family === 6 && !enableIPv6) return [];
  const whole = formatSubnet(subnet);
  const address = (what: string, ip: string | undefined, shown = ip): readonly string[] => {
    const why = ip ? whyNotIn(subnet, ip) : undefined;
    return why === undefined ? [] : [`invalid ${what} ${shown}: ${why}`];
  };
  return [
    ...(text.toLowerCase() === whole || `${subnet.ip}/${subnet.prefixLength}` === whole
      ? []
      : [`invalid subnet ${subnet.ip}/${subnet.prefixLength}: it should be ${whole}`]),
    ...RESERVED.flatMap(([reserved, what]) =>
      overlaps(reserved, subnet) && subnet.prefixLength > 0 ? [`invalid subnet ${text}: it holds ${what}`] : [],
    ),
    ...rangeProblems(config.IPRange ?? '', subnet),
    ...address('gateway', config.Gateway),
    ...Object.entries(config.AuxiliaryAddresses ?? {}).flatMap(([name, ip]) => address('auxiliary address', ip, name)),
  ];
}

function whyNotIn(subnet: Subnet, ip: string): string | undefined {
  const family = familyOf(ip);
  if (family === undefined) return 'invalid address';
  if (family !== subnet.family) return `parent subnet is an ${nameOf(subnet.family)} block`;
  return containsAddress(subnet, ip) ? undefined : `parent subnet ${formatSubnet(subnet)} doesn't contain this address`;
}

function rangeProblems(text: string, subnet: Subnet): readonly string[] {
  if (text === '') return [];
  const range = parseCidr(text);
  const bad = (why: string): string => `invalid ip-range ${text}: ${why}`;
  if (!range) return [bad('invalid CIDR block notation')];
  if (range.family !== subnet.family) return [bad(`parent subnet is an ${nameOf(subnet.family)} block`)];
  const whole = formatSubnet(subnet);
  const inside = containsSubnet(subnet, range) || overlaps(subnet, range);
  return [
    ...(range.prefixLength < subnet.prefixLength ? [bad(`CIDR block is bigger than its parent subnet ${whole}`)] : []),
    ...(`${range.ip}/${range.prefixLength}` === formatSubnet(range)
      ? []
      : [bad(`it should be ${formatSubnet(range)}`)]),
    ...(inside ? [] : [bad(`parent subnet ${whole} doesn't contain ip-range`)]),
  ];
}

function nameOf(family: Family): string {
  return `IPv${family}`;
}
