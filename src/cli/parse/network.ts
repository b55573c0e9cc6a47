import { parseDecimal } from '../../lib/flags/number.ts';
import { cut, invalid } from '../../lib/invalid.ts';
import { parseCsvLine } from './csv.ts';
import { checkMac } from './host.ts';

/** One `--network`, options of the container merged into the first one. */
export interface Attachment {
  readonly target: string;
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly ip: string;
  readonly ip6: string;
  readonly mac: string;
  readonly linkLocalIps: readonly string[];
  readonly driverOpts: Readonly<Record<string, string>>;
  readonly gwPriority: number;
}

/** The options that speak of the first network. */
export interface NetworkOptions {
  readonly networks: readonly string[];
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  readonly ip: string;
  readonly ip6: string;
  readonly mac: string;
  readonly linkLocalIps: readonly string[];
}

/** `name` or `name=x,alias=a,ip=...`. Errors: invalid_parameter. */
export function parseNetwork(text: string): Attachment {
  const aliases: string[] = [];
  const linkLocalIps: string[] = [];
  const driverOpts: Record<string, string> = {};
  const found = { target: text, ip: '', ip6: '', mac: '', gwPriority: 0 };
  if (!/\w+=\w+/.test(text)) return { ...found, aliases, links: [], linkLocalIps, driverOpts };
  found.target = '';
  for (const field of parseCsvLine(text)) {
    const [rawKey, rawValue] = cut(field.toLowerCase(), '=');
    const [key, value] = [rawKey.trim(), (rawValue ?? '').trim()];
    if (rawValue === undefined || rawKey === '') throw invalid(`invalid field ${field}`);
    if (key === 'name') found.target = value;
    else if (key === 'alias') aliases.push(value);
    else if (key === 'ip') found.ip = value;
    else if (key === 'ip6') found.ip6 = value;
    else if (key === 'mac-address') found.mac = value;
    else if (key === 'link-local-ip') linkLocalIps.push(value);
    else if (key === 'gw-priority') found.gwPriority = parseGwPriority(value);
    else if (key === 'driver-opt') {
      const [name, option] = cut(value, '=');
      if (option === undefined) throw invalid('invalid key value pair format in driver options');
      driverOpts[name.trim()] = option.trim();
    } else throw invalid(`invalid field key ${key}`);
  }
  if (found.target === '') throw invalid('network name/id is not specified');
  return { ...found, aliases, links: [], linkLocalIps, driverOpts };
}

function parseGwPriority(text: string): number {
  try {
    return parseDecimal(text);
  } catch {
    throw invalid(`invalid gw-priority: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
}

/** `host` for NetworkMode; `default` when none is given. */
export function networkMode(networks: readonly string[]): string {
  const [first] = networks;
  return first === undefined ? 'default' : parseNetwork(first).target;
}

/** EndpointsConfig by network. A single network without options needs none. Errors: invalid_parameter. */
export function planEndpoints(options: NetworkOptions): Record<string, object> {
  const given = options.networks.map(parseNetwork);
  const [first = parseNetwork('default'), ...others] = given;
  const attachments = [mergeOptions(first, options), ...others];
  const endpoints: Record<string, object> = {};
  for (const one of attachments) {
    const endpoint = toEndpoint(one);
    if (Object.hasOwn(endpoints, one.target)) {
      throw invalid(`network ${JSON.stringify(one.target)} is specified multiple times`);
    }
    if (given.length !== 1 || hasOptions(one)) endpoints[one.target] = endpoint;
  }
  const own = given.filter((one) => isUserDefined(one.target)).length;
  if (own > 0 && own < given.length) {
    throw invalid('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  }
  return endpoints;
}

function mergeOptions(first: Attachment, options: NetworkOptions): Attachment {
  const conflicts = [
    [first.aliases.length > 0 && options.aliases.length > 0, '--network-alias and per-network alias'],
    [first.ip && options.ip, '--ip and per-network IPv4 address'],
    [first.ip6 && options.ip6, '--ip6 and per-network IPv6 address'],
    [first.mac && options.mac, '--mac-address and per-network MAC address'],
    [
      first.linkLocalIps.length > 0 && options.linkLocalIps.length > 0,
      '--link-local-ip and per-network link-local IP addresses',
    ],
  ] as const;
  const clash = conflicts.find(([both]) => Boolean(both));
  if (clash !== undefined) throw invalid(`conflicting options: cannot specify both ${clash[1]}`);
  return {
    ...first,
    aliases: [...first.aliases, ...options.aliases],
    links: isUserDefined(first.target) ? options.links : [],
    ip: options.ip || first.ip,
    ip6: options.ip6 || first.ip6,
    mac: options.mac || first.mac,
    linkLocalIps: [...first.linkLocalIps, ...options.linkLocalIps],
  };
}

function toEndpoint(one: Attachment): object {
  if (one.target.trim() === '') throw invalid('no name set for network');
  if (!isUserDefined(one.target)) {
    if (one.aliases.length > 0) {
      throw invalid('network-scoped aliases are only supported for user-defined networks');
    }
  }
  if (one.mac !== '') checkMac(one.mac);
  const addressed = one.ip !== '' || one.ip6 !== '' || one.linkLocalIps.length > 0;
  const ipam = {
    ...(one.ip === '' ? {} : { IPv4Address: one.ip }),
    ...(one.ip6 === '' ? {} : { IPv6Address: one.ip6 }),
    ...(one.linkLocalIps.length === 0 ? {} : { LinkLocalIPs: one.linkLocalIps }),
  };
  return {
    IPAMConfig: addressed ? ipam : null,
    Links: one.links.length === 0 ? null : one.links,
    Aliases: one.aliases.length === 0 ? null : one.aliases,
    MacAddress: one.mac,
    DriverOpts: Object.keys(one.driverOpts).length === 0 ? null : one.driverOpts,
    GwPriority: one.gwPriority,
    NetworkID: '',
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}

function hasOptions(one: Attachment): boolean {
  const lists = [one.aliases, one.links, one.linkLocalIps, Object.keys(one.driverOpts)];
  return lists.some((list) => list.length > 0) || Boolean(one.ip || one.ip6 || one.mac || one.gwPriority);
}

function isUserDefined(name: string): boolean {
  return !['default', 'bridge', 'host', 'none'].includes(name) && !name.startsWith('container:');
}
