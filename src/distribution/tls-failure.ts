/** What is read of a server's certificate to say why it is not good. */
export interface PeerCertificate {
  /** Names and addresses it is for. */
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
  readonly commonName: string;
  /** It is for the host that was asked for. */
  readonly matches: boolean;
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
const WRONG_TIME = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];
const WRONG_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID';

/** Whether the code (OpenSSL's or the runtime's) says that a certificate was not accepted. */
export function isVerifyFailure(code: string): boolean {
  return code === WRONG_NAME || WRONG_TIME.includes(code) || UNKNOWN_AUTHORITY.includes(code);
}

/**
 * A failed verification in the words of Go's crypto/x509, which people search for, and in its order: time, name, authority.
 * Without `certificate` the code decides and details are left out.
 */
export function formatTlsFailure(
  code: string,
  hostname: string,
  certificate: PeerCertificate | undefined,
  now: Date,
): string {
  return `tls: failed to verify certificate: x509: ${reasonOf(code, hostname, certificate, now)}`;
}

function reasonOf(code: string, hostname: string, certificate: PeerCertificate | undefined, now: Date): string {
  const expired = 'certificate has expired or is not yet valid';
  if (certificate === undefined) {
    if (WRONG_TIME.includes(code)) return expired;
    return code === WRONG_NAME ? `certificate is not valid for ${hostname}` : 'certificate signed by unknown authority';
  }
  const { notBefore, notAfter } = certificate;
  if (now < notBefore) return `${expired}: current time ${seconds(now)} is before ${seconds(notBefore)}`;
  if (now > notAfter) return `${expired}: current time ${seconds(now)} is after ${seconds(notAfter)}`;
  if (!certificate.matches) return wrongName(hostname, certificate);
  // The time of a certificate above it, which is not looked at.
  return WRONG_TIME.includes(code) ? expired : 'certificate signed by unknown authority';
}

function wrongName(hostname: string, { dnsNames, addresses, commonName }: PeerCertificate): string {
  const isAddress = /^[\d.]+$|:/.test(hostname);
  if (dnsNames.length === 0 && addresses.length === 0 && commonName.toLowerCase() === hostname)
    return 'certificate relies on legacy Common Name field, use SANs instead';
  if (isAddress && addresses.length === 0)
    return `cannot validate certificate for ${hostname} because it doesn't contain any IP SANs`;
  const valid = (isAddress ? addresses : dnsNames).join(', ');
  if (valid === '') return `certificate is not valid for any names, but wanted to match ${hostname}`;
  return `certificate is valid for ${valid}, not ${hostname}`;
}

/** RFC 3339 without fractions. */
function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
