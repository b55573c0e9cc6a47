import { KnownError } from '../lib/errors.ts';

/** Where a daemon listens. `text` is the address as the user gave it: it appears in error messages. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }
  | {
      readonly kind: 'tcp';
      readonly hostname: string;
      readonly port: number;
      readonly text: string;
      /** Absent: in clear. */
      readonly tls?: ClientTls;
    };

/** How a client proves and checks who talks to whom; PEM texts. */
export interface ClientTls {
  /** Authorities; absent: the system's. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False: whoever answers is trusted. */
  readonly verify: boolean;
}

export const DEFAULT_HOST = 'unix:///var/run/docker.sock';

const TCP_PORT = 2375;
const TLS_PORT = 2376;
/** Where a client looks that speaks TLS and was told no address. */
const DEFAULT_TLS_HOST = 'tcp://localhost:2376';

/**
 * Reads `unix:///path`, `unix://path`, `tcp://host[:port]`, `http://host:port`, `host:port`; empty means the default socket. With `tls` connections to
 * tcp addresses are made so; a unix socket never has it.
 * Errors: invalid_parameter for what is no address, not_implemented for ssh, npipe and fd.
 */
export function parseEndpoint(host: string, tls?: ClientTls): Endpoint {
  const text = host.trim() || (tls ? DEFAULT_TLS_HOST : DEFAULT_HOST);
  const [, scheme, rest] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return bareAddress(text, tls);
  switch (scheme) {
    case 'unix':
      return { kind: 'unix', path: rest || '/var/run/docker.sock', text: rest ? text : DEFAULT_HOST };
    case 'tcp':
    case 'http':
      return tcp(rest, text, tls);
    case 'ssh':
    case 'npipe':
    case 'fd':
    case 'https':
      throw new KnownError('not_implemented', `connecting to a daemon over ${scheme}:// is not supported: ${text}`);
    default:
      throw new KnownError('invalid_parameter', `invalid bind address format: ${text}`);
  }
}

function bareAddress(text: string, tls: ClientTls | undefined): Endpoint {
  if (/^[^/\s]*:\d+$/.test(text)) return tcp(text, `tcp://${text.startsWith(':') ? `localhost${text}` : text}`, tls);
  throw new KnownError('invalid_parameter', `invalid bind address format: ${text}`);
}

function tcp(rest: string, text: string, tls: ClientTls | undefined): Endpoint {
  const [, hostname = '', port] = /^(\[[^\]]*\]|[^:/]*)(?::(\d+))?\/?$/.exec(rest) ?? [];
  const number = port === undefined ? (tls ? TLS_PORT : TCP_PORT) : Number(port);
  if (hostname === undefined || number < 1 || number > 65535) {
    throw new KnownError('invalid_parameter', `invalid bind address format: ${text}`);
  }
  const name = hostname.replace(/^\[|\]$/g, '') || 'localhost';
  return { kind: 'tcp', hostname: name, port: number, text, ...(tls && { tls }) };
}
