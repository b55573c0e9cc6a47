import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { errnoOf } from '../lib/errors.ts';
import type { PeerCertificate } from './tls-failure.ts';
import { formatTlsFailure, isVerifyFailure } from './tls-failure.ts';
import type { Fetch } from './transport.ts';

const LOOK_MS = 5000;

/** The code of a server that speaks plain http where https was tried. */
export const PLAIN_HTTP = 'EPLAINHTTP';

/**
 * A fetch whose failures of TLS say what is wrong: the certificate is looked at once more, and a server that breaks the
 * handshake is asked whether it speaks plain http. What is not about TLS passes as it is.
 */
export function explainingTls(fetch: Fetch): Fetch {
  return async (url, init) => {
    try {
      return await fetch(url, init);
    } catch (error) {
      throw (await explain(fetch, url, errnoOf(error) ?? '', init.signal)) ?? error;
    }
  };
}

async function explain(
  fetch: Fetch,
  address: string,
  code: string,
  signal: AbortSignal | null | undefined,
): Promise<Error | undefined> {
  const url = new URL(address);
  if (url.protocol !== 'https:' || signal?.aborted) return undefined;
  if (code === 'EPROTO') return await explainHandshake(fetch, url);
  if (!isVerifyFailure(code)) return undefined;
  const host = bareHost(url);
  return Object.assign(new Error(formatTlsFailure(code, host, await readCertificate(url), new Date())), { code });
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

async function explainHandshake(fetch: Fetch, { host, port, hostname }: URL): Promise<Error> {
  const text = 'tls: first record does not look like a TLS handshake';
  try {
    const plain = port === '' ? `${hostname}:443` : host;
    const signal = AbortSignal.timeout(LOOK_MS);
    const response = await fetch(`http://${plain}/v2/`, { method: 'HEAD', redirect: 'manual', signal });
    await response.body?.cancel();
    return Object.assign(new Error('http: server gave HTTP response to HTTPS client'), { code: PLAIN_HTTP });
  } catch {
    return Object.assign(new Error(text), { code: 'EPROTO' });
  }
}

/** Undefined when it cannot be had any more: the failure is told with less. */
async function readCertificate(url: URL): Promise<PeerCertificate | undefined> {
  const host = bareHost(url);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return await new Promise((resolve) => {
    const socket = connect({ host, port: Number(url.port || 443), rejectUnauthorized: false, ...servername });
    const end = (certificate?: PeerCertificate): void => {
      socket.destroy();
      resolve(certificate);
    };
    socket.setTimeout(LOOK_MS, () => end());
    socket.on('error', () => end());
    socket.on('secureConnect', () => {
      const { raw } = socket.getPeerCertificate();
      end(raw ? toPeerCertificate(new X509Certificate(raw), host) : undefined);
    });
  });
}

function toPeerCertificate(certificate: X509Certificate, host: string): PeerCertificate {
  const { subject, subjectAltName = '', validFrom, validTo } = certificate;
  const names = (kind: string): readonly string[] =>
    subjectAltName.split(', ').flatMap((part) => (part.startsWith(kind) ? [part.slice(kind.length)] : []));
  const matched = isIP(host) === 0 ? certificate.checkHost(host, { subject: 'never' }) : certificate.checkIP(host);
  return {
    dnsNames: names('DNS:'),
    addresses: names('IP Address:').map(shortAddress),
    commonName: /^CN=(.*)$/m.exec(subject)?.[1] ?? '',
    matches: matched !== undefined,
    notBefore: new Date(validFrom),
    notAfter: new Date(validTo),
  };
}

/** `FD00:0:0:0:0:0:0:1` as `fd00::1`. */
function shortAddress(address: string): string {
  return isIP(address) === 6 ? (URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? address) : address;
}
