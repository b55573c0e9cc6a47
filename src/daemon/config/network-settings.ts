import type { DefaultBridgeSettings } from '../../engine/network/default-bridge.ts';
import { parseCidr } from '../../engine/network/ipam.ts';
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
  };
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== '')),
    ipv6: read.bool('ipv6'),
    icc: read.bool('icc'),
    ...(mtu !== undefined && { mtu }),
    ip: read.text('ip'),
  };
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
