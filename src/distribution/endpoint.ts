import { KnownError } from '../lib/errors.ts';
import type { RepositoryName } from './registry-client.ts';

/** How to reach a registry: base addresses to try in order, and whether its certificate is checked. */
export interface Endpoint {
  readonly bases: readonly string[];
  readonly verifyTls: boolean;
  /** Plain http, also as target of redirects and for tokens. */
  readonly allowHttp: boolean;
}

const HUB_HOST = 'registry-1.docker.io';

/**
 * Docker's rule: https only, but a loopback address or a configured insecure registry is tried by https without checking
 * its certificate, then by plain http. `insecure` holds `host[:port]` names and CIDRs of addresses.
 */
export function endpointOf(name: RepositoryName, insecure: readonly string[]): Endpoint {
  const host = hostOf(name.registry);
  const port = /:(\d+)$/.exec(host)?.[1];
  if (port !== undefined && Number(port) > 65_535)
    throw new KnownError('unavailable', `Get "https://${host}/v2/": dial tcp: address ${port}: invalid port`);
  if (!isInsecure(host, insecure)) return { bases: [`https://${host}`], verifyTls: true, allowHttp: false };
  return { bases: [`https://${host}`, `http://${host}`], verifyTls: false, allowHttp: true };
}

/** The host that serves a registry: Docker Hub's is another than its name. */
export function hostOf(registry: string): string {
  return registry === 'docker.io' || registry === 'index.docker.io' ? HUB_HOST : registry;
}

export function isInsecure(host: string, insecure: readonly string[]): boolean {
  const name = hostnameOf(host);
  if (isLoopback(name)) return true;
  return insecure.some((entry) => entry === host || entry === name || inCidr(name, entry));
}

export function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/** Without the port. */
export function hostnameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d+$/, '');
}

function inCidr(address: string, cidr: string): boolean {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d{1,2})$/.exec(cidr);
  const [wanted, network] = [ipv4Number(address), ipv4Number(match?.[1] ?? '')];
  const bits = Number(match?.[2]);
  if (wanted === undefined || network === undefined || bits > 32) return false;
  const size = 2 ** (32 - bits);
  return Math.floor(wanted / size) === Math.floor(network / size);
}

function ipv4Number(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
