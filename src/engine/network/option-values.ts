import { isIPv4, isIPv6 } from 'node:net';
import type { GatewayMode } from '../../store/record/network-records.ts';
import { badOption, unknownGatewayMode } from './errors.ts';

/** Go's strconv.ParseBool. Errors: invalid_parameter. */
export function parseFlag(key: string, value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw badOption(key, value, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/** Bytes. Errors: invalid_parameter. */
export function parseMtu(key: string, text: string): number {
  const mtu = Number(text);
  if (!/^\d{1,5}$/.test(text) || mtu < 68 || mtu > 65_535) throw badOption(key, text, 'invalid MTU');
  return mtu;
}

/** A link's name as the kernel takes it (dev_valid_name), in characters that need no quoting anywhere. Errors: invalid_parameter. */
export function parseLinkName(key: string, name: string): string {
  if (!isLinkName(name)) throw badOption(key, name, 'invalid name of a link');
  return name;
}

export function isLinkName(name: string): boolean {
  return name.length <= 15 && /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name);
}

export function parseIPv4(key: string, value: string): string {
  if (!isIPv4(value)) throw badOption(key, value, 'nil ip');
  return value;
}

export function parseIPv6(key: string, value: string): string {
  if (!isIPv6(value) || value.includes('%')) throw badOption(key, value, 'nil ip');
  return value;
}

export function parseGatewayMode(key: string, value: string): GatewayMode {
  switch (value) {
    case '':
    case 'nat':
      return 'nat';
    case 'nat-unprotected':
    case 'routed':
    case 'isolated':
      return value;
    default:
      throw badOption(key, value, unknownGatewayMode(value));
  }
}
