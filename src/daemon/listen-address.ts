import { KnownError } from '../lib/errors.ts';
import { invalid } from '../lib/invalid.ts';

/** A parsed `-H`. `shown` is what logs and errors say. */
export type ListenAddress =
  | { readonly kind: 'unix'; readonly path: string; readonly shown: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      readonly loopback: boolean;
      readonly shown: string;
    };

const PORT = 2375;
const TLS_PORT = 2376;

/** `unix://[path]`, `tcp://[host][:port]`. Errors: invalid_parameter; not_implemented for `fd://`. */
export function parseListenAddress(text: string, tls: boolean): ListenAddress {
  const [, scheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/s.exec(text.trim()) ?? [];
  if (scheme === 'unix') {
    const path = rest === '' ? '/var/run/docker.sock' : rest;
    if (!path.startsWith('/')) throw invalid(`invalid bind address (${text}): a unix socket needs an absolute path`);
    return { kind: 'unix', path, shown: path };
  }
  if (scheme === 'fd')
    throw new KnownError(
      'not_implemented',
      `${text} is not supported: this engine makes its sockets itself, use unix:///path and no socket unit`,
    );
  if (scheme !== undefined && scheme !== 'tcp') throw invalid(`invalid bind address format: ${text}`);
  return parseTcp(text, rest, tls);
}

function parseTcp(text: string, rest: string, tls: boolean): ListenAddress {
  const parts = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:/[\]]*))(?::(\d+))?\/?$/.exec(rest);
  const [, bracketed, plain = '', port = String(tls ? TLS_PORT : PORT)] = parts ?? [];
  const host = bracketed ?? (plain === '' ? 'localhost' : plain);
  if (!parts || Number(port) > 65_535) throw invalid(`invalid bind address (${text}): must be tcp://host:port`);
  const loopback = host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
  const address = host === 'localhost' ? '127.0.0.1' : host;
  return {
    kind: 'tcp',
    host: address,
    port: Number(port),
    loopback,
    shown: `${bracketed === undefined ? address : `[${bracketed}]`}:${port}`,
  };
}
