import { isIPv6 } from 'node:net';
import { invalid } from '../../../lib/invalid.ts';
import type { LogOptions } from './log-attributes.ts';

/** `fallback` without the option. Errors: invalid_parameter in the words of strconv.ParseBool. */
export function parseBool(text: string | undefined, fallback = false, about = ''): boolean {
  if (text === undefined) return fallback;
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw invalid(`${about}strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A whole number as strconv.Atoi takes it; undefined when it is none. */
export function parseWhole(text: string): number | undefined {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
  return value !== undefined && Number.isSafeInteger(value) ? value : undefined;
}

/** `10m` is 10,000,000 bytes: units are powers of 1000 (docker/go-units FromHumanSize). Errors: invalid_parameter. */
export function parseHumanSize(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  if (number === undefined) throw invalid(`invalid size: '${text}'`);
  return Math.trunc(Number(number) * 1000 ** ('kmgtp'.indexOf(unit.toLowerCase() || ' ') + 1));
}

/** Errors: invalid_parameter naming the first option that is not among `known`, in the driver's own words. */
export function refuseUnknown(options: LogOptions, known: readonly string[], words: (option: string) => string): void {
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown !== undefined) throw invalid(words(unknown));
}

export interface ParsedAddress {
  readonly scheme: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly path: string;
}

/** `scheme://host:port/path`; undefined when it is not of that form. An IPv6 address loses its brackets. */
export function parseAddress(address: string): ParsedAddress | undefined {
  const [, scheme = '', authority = '', path = ''] = /^([a-z][a-z0-9+]*):\/\/([^/?#]*)([^?#]*)$/i.exec(address) ?? [];
  if (scheme === '') return undefined;
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(authority) ?? [];
  if (bracketed === undefined && plain === '' && authority !== '' && !authority.startsWith(':')) return undefined;
  if (bracketed !== undefined && !isIPv6(bracketed.split('%', 1)[0] ?? '')) return undefined;
  if (port !== undefined && Number(port) > 65_535) return undefined;
  return {
    scheme: scheme.toLowerCase(),
    host: bracketed ?? plain,
    port: port === undefined ? undefined : Number(port),
    path,
  };
}
