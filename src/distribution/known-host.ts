import type { Endpoint } from './endpoint.ts';
import type { RegistryHost } from './registry-hosts.ts';
import type { Fetch, TlsSettings } from './transport.ts';

/** Hosts of a registry with what their connections need. */
export interface KnownHosts {
  readonly mirrors: readonly KnownHost[];
  /** Undefined: the registry's own address, by Docker's rules. */
  readonly server: KnownHost | undefined;
}

export interface KnownHost {
  readonly host: RegistryHost;
  readonly tls: Omit<TlsSettings, 'rejectUnauthorized'>;
}

/** A host that is configured is taken at its word: one address, https checked unless it says otherwise. */
export function endpointFor({ base, verifyTls }: RegistryHost): Endpoint & { readonly allowHttp: boolean } {
  return { bases: [base], verifyTls, allowHttp: base.startsWith('http:') };
}

/** Where a path of the protocol (`/v2/...`) is on a host: below its own path, or instead of it, and told the registry it stands for. */
export function pathOn({ base, overridePath, namespace }: RegistryHost, path: string, registry: string): string {
  if (!path.startsWith('/v2/')) return path;
  // An address may be written with the protocol's own path.
  const prefix = new URL(base).pathname.replace(overridePath ? /\/+$/ : /(?:\/v2)?\/*$/, '');
  const placed = overridePath ? prefix + path.slice('/v2'.length) : prefix + path;
  if (!namespace) return placed;
  return `${placed}${placed.includes('?') ? '&' : '?'}ns=${encodeURIComponent(registry)}`;
}

/** Its certificates and headers; the client's certificate and the headers go to the host itself only, not where it leads. */
export function fetchFor(fetch: Fetch, { host, tls }: KnownHost): Fetch {
  const { origin } = new URL(host.base);
  const { ca, ...client } = tls;
  return (url, init) => {
    const own = new URL(url).origin === origin;
    const settings = { rejectUnauthorized: host.verifyTls, ...init.tls, ...(ca ? { ca } : {}), ...(own ? client : {}) };
    if (!own) return fetch(url, { ...init, tls: settings });
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(host.headers)) headers.set(name, value);
    return fetch(url, { ...init, tls: settings, headers });
  };
}
