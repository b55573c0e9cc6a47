import { cut, invalid } from '../../lib/invalid.ts';

/** The address in its canonical form, undefined for what is none. */
export function canonicalIp(text: string): string | undefined {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(text))
    return /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/.test(text) ? text : undefined;
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return undefined;
  const url = URL.parse(`http://[${text}]/`);
  return url === null ? undefined : url.hostname.slice(1, -1);
}

/** A DNS server's address. Errors: invalid_parameter. */
export function parseDnsServer(text: string): string {
  const address = canonicalIp(text.trim());
  if (address === undefined) throw invalid(`IP address is not correctly formatted: ${text}`);
  return address;
}

const DOMAIN_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(`^${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*\\.?$`);

/** A search domain, or `.` for none. Errors: invalid_parameter. */
export function parseDnsSearch(text: string): string {
  const domain = text.trim();
  if (domain === '.') return domain;
  if (!/[a-zA-Z]/.test(domain) || domain.length > 255 || !DOMAIN.test(domain))
    throw invalid(`${domain} is not a valid domain`);
  return domain;
}

/** `host:address` of `host:address` or `host=address`, brackets taken off; `host-gateway` is an address. Errors: invalid_parameter. */
export function parseExtraHost(text: string): string {
  const [name, value] = text.includes('=') ? cut(text, '=') : cut(text, ':');
  if (value === undefined || name === '' || name.includes(':')) {
    throw invalid(`bad format for add-host: ${JSON.stringify(text)}`);
  }
  if (value === 'host-gateway') return `${name}:${value}`;
  const address = value.replace(/^\[(.+)\]$/, '$1');
  if (canonicalIp(address.trim()) === undefined)
    throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  return `${name}:${address}`;
}

/** `container` or `container:alias`. Errors: invalid_parameter. */
export function checkLink(text: string): void {
  if (text === '') throw invalid('empty string specified for links');
  if (text.split(':').length > 2) throw invalid(`bad format for links: ${text}`);
}

/** Errors: invalid_parameter for what is no MAC address. */
export function checkMac(text: string): void {
  const colons = /^[0-9a-fA-F]{2}([:-])(?:[0-9a-fA-F]{2}\1){4}[0-9a-fA-F]{2}$/.test(text);
  const dots = /^(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}$/.test(text);
  if (!colons && !dots) throw invalid(`${text} is not a valid mac address`);
}
