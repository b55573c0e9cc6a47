import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { errnoOf } from '../lib/errors.ts';
import type { PeerCertificate } from './tls-failure.ts';
import { formatTlsFailure, needsCertificate } from './tls-failure.ts';
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
  const certificate = needsCertificate(code) ? await readCertificate(url) : undefined;
  const text = formatTlsFailure(code, url.hostname, certificate, new Date());
  return text === undefined ? undefined : Object.assign(new Error(text), { code });
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
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const servername = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
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
      end(raw ? toPeerCertificate(new X509Certificate(raw)) : undefined);
    });
  });
}

function toPeerCertificate({ subjectAltName = '', validFrom, validTo }: X509Certificate): PeerCertificate {
  const names = (kind: string): readonly string[] =>
    subjectAltName.split(', ').flatMap((part) => (part.startsWith(kind) ? [part.slice(kind.length)] : []));
  return {
    dnsNames: names('DNS:'),
    addresses: names('IP Address:'),
    notBefore: new Date(validFrom),
    notAfter: new Date(validTo),
  };
}
