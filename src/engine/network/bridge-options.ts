import { isIPv4 } from 'node:net';
import { badNetwork, unsupported } from './errors.ts';

/** What `-o` of `network create` says of a bridge. */
export interface BridgeOptions {
  /** Name of the link; undefined: made from the network's id. */
  readonly link?: string;
  /** Bytes; undefined: the kernel's own. */
  readonly mtu?: number;
  /** Containers of the network reach each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** Published ports without a host address are bound here; undefined: everywhere. */
  readonly hostIp?: string;
}

const PREFIX = 'com.docker.network.';

/** Errors: invalid_parameter for a bad value; not_implemented for an option this engine does not know: it would be without effect. */
export function parseBridgeOptions(options: Readonly<Record<string, string>>): BridgeOptions {
  let parsed: BridgeOptions = { icc: true, masquerade: true };
  for (const [key, value] of Object.entries(options)) parsed = { ...parsed, ...parseOne(key, value) };
  return parsed;
}

function parseOne(key: string, value: string): Partial<BridgeOptions> {
  switch (key) {
    case `${PREFIX}bridge.name`:
      return value === '' ? {} : { link: parseLink(value) };
    case `${PREFIX}driver.mtu`:
      return { mtu: parseMtu(value) };
    case `${PREFIX}bridge.enable_icc`:
      return { icc: parseFlag(key, value) };
    case `${PREFIX}bridge.enable_ip_masquerade`:
      return { masquerade: parseFlag(key, value) };
    case `${PREFIX}bridge.host_binding_ipv4`:
      if (!isIPv4(value)) throw badNetwork(`invalid ${key}: ${value}`);
      return value === '0.0.0.0' ? {} : { hostIp: value };
    case `${PREFIX}bridge.gateway_mode_ipv4`:
      if (value === 'nat') return {};
      throw unsupported(`gateway mode ${value}`);
    default:
      throw unsupported(`network option ${key}`);
  }
}

/** As the kernel takes them (dev_valid_name). */
function parseLink(name: string): string {
  if (name.length > 15 || !/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name)) throw badNetwork(`invalid bridge name: ${name}`);
  return name;
}

function parseMtu(text: string): number {
  const mtu = Number(text);
  if (!/^\d{1,5}$/.test(text) || mtu < 68 || mtu > 65_535) throw badNetwork(`invalid MTU: ${text}`);
  return mtu;
}

/** Go's strconv.ParseBool. */
function parseFlag(key: string, value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw badNetwork(`invalid ${key}: ${value}`);
}
