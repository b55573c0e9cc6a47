import type { NetworkDriver, NetworkRecord } from '../../store/record/network-records.ts';
import { badMode, isolatedGateway, loopbackParent, unsupported } from './errors.ts';
import {
  isLinkName,
  parseFlag,
  parseGatewayMode,
  parseIPv4,
  parseIPv6,
  parseLinkName,
  parseMtu,
} from './option-values.ts';

/** What `-o` of `network create` says, as far as it goes into the record. */
export type DriverSettings = Pick<
  NetworkRecord,
  | 'icc'
  | 'masquerade4'
  | 'masquerade6'
  | 'gatewayMode4'
  | 'gatewayMode6'
  | 'trustedHostInterfaces'
  | 'source4'
  | 'source6'
  | 'inhibitIPv4'
  | 'linkPrefix'
  | 'mtu'
  | 'hostIp'
  | 'mode'
  | 'flag'
> & {
  /** Of the bridge, or of the parent; undefined: none was named. */
  readonly link?: string;
};

const PREFIX = 'com.docker.network.';
const DEFAULTS: DriverSettings = {
  icc: true,
  masquerade4: true,
  masquerade6: true,
  gatewayMode4: 'nat',
  gatewayMode6: 'nat',
  trustedHostInterfaces: [],
  inhibitIPv4: false,
};
const MACVLAN_MODES = ['bridge', 'private', 'vepa', 'passthru'];
const IPVLAN_MODES = ['l2', 'l3', 'l3s'];
const IPVLAN_FLAGS = ['bridge', 'private', 'vepa'];

/** Errors: invalid_parameter for a bad value; not_implemented for an option this engine does not know: it would be without effect. */
export function parseDriverOptions(
  driver: NetworkDriver,
  options: Readonly<Record<string, string>>,
  internal: boolean,
): DriverSettings {
  let parsed = DEFAULTS;
  if (driver === 'macvlan') parsed = { ...parsed, mode: 'bridge' };
  if (driver === 'ipvlan') parsed = { ...parsed, mode: 'l2', flag: 'bridge' };
  for (const [key, value] of Object.entries(options)) parsed = { ...parsed, ...parseOne(driver, key, value) };
  const isIsolated = parsed.gatewayMode4 === 'isolated' || parsed.gatewayMode6 === 'isolated';
  if (isIsolated && !internal) throw isolatedGateway();
  return parsed;
}

function parseOne(driver: NetworkDriver, key: string, value: string): Partial<DriverSettings> {
  switch (key) {
    case `${PREFIX}driver.mtu`:
      return { mtu: parseMtu(key, value) };
    case `${PREFIX}enable_ipv4`:
    case `${PREFIX}enable_ipv6`:
      // Read with the request: the body's own fields come first.
      return {};
    case `${PREFIX}container_iface_prefix`:
      return parsePrefix(key, value);
    default:
      return driver === 'bridge' ? parseBridgeOption(key, value) : parseVlanOption(driver, key, value);
  }
}

function parseBridgeOption(key: string, value: string): Partial<DriverSettings> {
  switch (key) {
    case `${PREFIX}bridge.name`:
      return value === '' ? {} : { link: parseLinkName(key, value) };
    case `${PREFIX}bridge.enable_icc`:
      return { icc: parseFlag(key, value) };
    case `${PREFIX}bridge.enable_ip_masquerade`:
      return { masquerade4: parseFlag(key, value), masquerade6: parseFlag(key, value) };
    case `${PREFIX}bridge.host_binding_ipv4`:
      return parseIPv4(key, value) === '0.0.0.0' ? {} : { hostIp: value };
    case `${PREFIX}host_ipv4`:
      return value === '' ? {} : { source4: parseIPv4(key, value) };
    case `${PREFIX}host_ipv6`:
      return value === '' ? {} : { source6: parseIPv6(key, value) };
    case `${PREFIX}bridge.gateway_mode_ipv4`:
      return { gatewayMode4: parseGatewayMode(key, value) };
    case `${PREFIX}bridge.gateway_mode_ipv6`:
      return { gatewayMode6: parseGatewayMode(key, value) };
    case `${PREFIX}bridge.inhibit_ipv4`:
      return { inhibitIPv4: parseFlag(key, value) };
    case `${PREFIX}bridge.trusted_host_interfaces`:
      return {
        trustedHostInterfaces: value
          .split(':')
          .filter(Boolean)
          .map((link) => parseLinkName(key, link)),
      };
    default:
      throw unsupported(`network option ${key}`);
  }
}

function parseVlanOption(driver: 'macvlan' | 'ipvlan', key: string, value: string): Partial<DriverSettings> {
  switch (key) {
    case 'parent':
      if (value === 'lo') throw loopbackParent(driver);
      return value === '' ? {} : { link: parseLinkName(key, value) };
    case `${driver}_mode`: {
      const modes = driver === 'macvlan' ? MACVLAN_MODES : IPVLAN_MODES;
      if (value === '') return {};
      if (!modes.includes(value)) throw badMode(driver, 'mode', value);
      return { mode: value };
    }
    case 'ipvlan_flag':
      if (driver !== 'ipvlan') break;
      if (value === '') return {};
      if (!IPVLAN_FLAGS.includes(value)) throw badMode(driver, 'flag', value);
      return { flag: value };
  }
  throw unsupported(`network option ${key}`);
}

/** There must be room for a number. */
function parsePrefix(key: string, value: string): Partial<DriverSettings> {
  if (value === '') return {};
  if (!isLinkName(`${value}00`)) parseLinkName(key, `${value}00`);
  return { linkPrefix: value };
}
