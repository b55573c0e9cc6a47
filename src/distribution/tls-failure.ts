/** What is read of a server's certificate to say why it is not good. */
export interface PeerCertificate {
  /** Names and addresses it is for. */
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const UNKNOWN_AUTHORITY = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
];
const OF_THE_LEAF = ['ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

/** True when the text needs the certificate itself. */
export function needsCertificate(code: string): boolean {
  return OF_THE_LEAF.includes(code);
}

/**
 * A failed verification (an OpenSSL code) in the words of Go's crypto/x509, which people search for; undefined for what is none.
 * Without `certificate` the details are left out.
 */
export function formatTlsFailure(
  code: string,
  hostname: string,
  certificate: PeerCertificate | undefined,
  now: Date,
): string | undefined {
  const why = reasonOf(code, hostname, certificate, now);
  return why === undefined ? undefined : `tls: failed to verify certificate: x509: ${why}`;
}

function reasonOf(
  code: string,
  hostname: string,
  certificate: PeerCertificate | undefined,
  now: Date,
): string | undefined {
  if (UNKNOWN_AUTHORITY.includes(code)) return 'certificate signed by unknown authority';
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return wrongName(hostname.replace(/^\[|\]$/g, ''), certificate);
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return wrongTime(certificate, now);
    default:
      return undefined;
  }
}

function wrongName(hostname: string, certificate: PeerCertificate | undefined): string {
  const isAddress = /^[\d.]+$|:/.test(hostname);
  if (certificate === undefined) return `certificate is not valid for ${hostname}`;
  const valid = isAddress ? certificate.addresses : certificate.dnsNames;
  if (isAddress && valid.length === 0)
    return `cannot validate certificate for ${hostname} because it doesn't contain any IP SANs`;
  if (valid.length === 0) return `certificate is not valid for any names, but wanted to match ${hostname}`;
  return `certificate is valid for ${valid.join(', ')}, not ${hostname}`;
}

function wrongTime(certificate: PeerCertificate | undefined, now: Date): string {
  const text = 'certificate has expired or is not yet valid';
  if (certificate === undefined) return `${text}: `;
  const [relation, limit] =
    now < certificate.notBefore ? ['before', certificate.notBefore] : ['after', certificate.notAfter];
  return `${text}: current time ${seconds(now)} is ${relation} ${seconds(limit)}`;
}

/** RFC 3339 without fractions. */
function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
