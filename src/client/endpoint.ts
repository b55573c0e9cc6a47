import { KnownError } from '../lib/errors.ts';

/** Where a daemon listens. `text` is the address as the user gave it: it appears in error messages. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }
  | { readonly kind: 'tcp'; readonly hostname: string; readonly port: number; readonly text: string };

export const DEFAULT_HOST = 'unix:///var/run/docker.sock';

const TCP_PORT = 2375;

/**
 * Reads `unix:///path`, `unix://path`, `tcp://host[:port]`, `http://host:port`, `host:port`; empty means the default socket.
 * Errors: invalid_parameter for what is no address, not_implemented for ssh, npipe and fd.
 */
export function parseEndpoint(host: string): Endpoint {
  const text = host.trim() || DEFAULT_HOST;
  const [, scheme, rest] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return bareAddress(text);
  switch (scheme) {
    case 'unix':
      return { kind: 'unix', path: rest || '/var/run/docker.sock', text: rest ? text : DEFAULT_HOST };
    case 'tcp':
    case 'http':
      return tcp(rest, text);
    case 'ssh':
    case 'npipe':
    case 'fd':
    case 'https':
      throw new KnownError('not_implemented', `connecting to a daemon over ${scheme}:// is not supported: ${text}`);
    default:
      throw new KnownError('invalid_parameter', `invalid bind address format: ${text}`);
  }
}

function bareAddress(text: string): Endpoint {
  if (/^[^/\s]*:\d+$/.test(text)) return tcp(text, `tcp://${text.startsWith(':') ? `localhost${text}` : text}`);
  throw new KnownError('invalid_parameter', `invalid bind address format: ${text}`);
}

function tcp(rest: string, text: string): Endpoint {
  const [, hostname = '', port] = /^(\[[^\]]*\]|[^:/]*)(?::(\d+))?\/?$/.exec(rest) ?? [];
  const number = port === undefined ? TCP_PORT : Number(port);
  if (hostname === undefined || number < 1 || number > 65535) {
    throw new KnownError('invalid_parameter', `invalid bind address format: ${text}`);
  }
  return { kind: 'tcp', hostname: hostname.replace(/^\[|\]$/g, '') || 'localhost', port: number, text };
}
