import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';

/** What Go's net package calls them, which users look for. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  ENOENT: 'connect: no such file or directory',
  EACCES: 'connect: permission denied',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  EPROTOTYPE: 'connect: protocol wrong type for socket',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'no such host',
};

/** A failed connection in the words of Go: `dial tcp 127.0.0.1:514: connect: connection refused`. */
export function dialError(network: string, target: string, error: unknown): KnownError {
  const words = WORDS[errnoOf(error) ?? ''] ?? messageOf(error);
  return new KnownError('system', `dial ${network} ${target}: ${words}`, { cause: error });
}

/** `host:port`, brackets around IPv6. */
export function formatHostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
