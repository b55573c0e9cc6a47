import type { DefaultBridgeSettings } from '../../engine/network/default-bridge.ts';
import type { NetworkOptions } from '../../engine/network/default-options.ts';
import { type Family, parseAddress, parseCidr } from '../../engine/network/ipam.ts';
import type { AddressPools } from '../../engine/network/pools.ts';
import { invalid } from '../../lib/invalid.ts';
import { isObject, type JsonValue } from './settings.ts';

/** What reads a setting by its name. */
interface Reader {
  value(name: string): JsonValue | undefined;
  text(name: string): string;
  bool(name: string): boolean;
  int(name: string): number;
}

/** Settings of the default bridge, checked as far as each stands alone. Errors: invalid_parameter. */
export function defaultBridgeSettings(read: Reader): DefaultBridgeSettings {
  const mtu = read.value('mtu') === undefined ? undefined : read.int('mtu');
  if (mtu !== undefined && (mtu < 68 || mtu > 65_535)) throw invalid(`invalid MTU: ${mtu}`);
  const texts = {
    bip: read.text('bip'),
    bip6: read.text('bip6'),
    fixedCidr: read.text('fixed-cidr'),
    fixedCidr6: read.text('fixed-cidr-v6'),
    router: address(read, 'default-gateway', 4),
    router6: address(read, 'default-gateway-v6', 6),
  };
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '')),
    ipv6: read.bool('ipv6'),
    icc: read.bool('icc'),
    ...(mtu !== undefined && { mtu }),
    ip: read.text('ip'),
  };
}

function address(read: Reader, name: string, family: Family): string {
  const text = read.text(name);
  if (text !== '' && parseAddress(text)?.family !== family) throw invalid(`invalid ${name}: ${text}`);
  return text;
}

/** `default-network-opts`: options by driver, or the flag's `driver=option=value`. Errors: invalid_parameter. */
export function defaultNetworkOptions(value: JsonValue | undefined): NetworkOptions {
  const byDriver = new Map<string, Record<string, string>>();
  for (const [driver, option, text] of Array.isArray(value) ? value.map(triple) : triples(value))
    byDriver.set(driver, { ...byDriver.get(driver), [option]: text });
  return Object.fromEntries(byDriver);
}

function triple(entry: JsonValue): readonly [string, string, string] {
  const shown = typeof entry === 'string' ? entry : JSON.stringify(entry);
  const [, driver, option, text] = /^([^=]+)=([^=]+)=(.*)$/s.exec(shown) ?? [];
  if (driver === undefined || option === undefined || text === undefined)
    throw invalid(`invalid default network option: ${shown}: must be driver=option=value`);
  return [driver, option, text];
}

function triples(value: JsonValue | undefined): readonly (readonly [string, string, string])[] {
  return Object.entries(isObject(value) ? value : {}).flatMap(([driver, options]) => {
    if (!isObject(options)) throw invalid(`default-network-opts: ${driver} must be an object`);
    return Object.entries(options).map(([option, text]) => {
      if (typeof text !== 'string') throw invalid(`default-network-opts: ${driver}: ${option} must be a string`);
      return [driver, option, text] as const;
    });
  });
}

/** `default-address-pools`: objects of the file, or the flag's `base=10.0.0.0/8,size=24`. Errors: invalid_parameter. */
export function addressPools(value: JsonValue | undefined): readonly AddressPools[] {
  return (Array.isArray(value) ? value : []).map((entry) => {
    const shown = typeof entry === 'string' ? entry : JSON.stringify(entry);
    const [base, size] =
      typeof entry === 'string' ? fieldsOf(entry) : isObject(entry) ? [entry['base'], entry['size']] : [];
    const subnet = parseCidr(typeof base === 'string' ? base : '');
    const length = Number(size);
    const longest = subnet?.family === 6 ? 128 : 32;
    if (!subnet || !Number.isInteger(length) || length < subnet.prefixLength || length > longest)
      throw invalid(`invalid default address pool: ${shown}`);
    return { base: { family: subnet.family, base: subnet.base, prefixLength: subnet.prefixLength }, size: length };
  });
}

function fieldsOf(text: string): readonly (string | undefined)[] {
  const fields = new Map(
    text.split(',').map((field) => {
      const [key = '', value = ''] = field.split('=');
      return [key.trim(), value.trim()];
    }),
  );
  return [fields.get('base'), fields.get('size') || undefined];
}
