import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainingTls } from './tls-failure.host.ts';
import type { PeerCertificate } from './tls-failure.ts';
import { formatTlsFailure } from './tls-failure.ts';

/** Texts of docker 28.2 (Go's crypto/x509) on the same certificates. */
describe('a certificate that is not accepted is told as Go tells it', () => {
  const now = new Date('2026-11-25T22:42:32.123Z');
  const good: PeerCertificate = {
    dnsNames: ['a.example', 'b.example'],
    addresses: ['10.1.1.1', 'fd00::1'],
    commonName: 'x',
    matches: true,
    notBefore: new Date('2026-01-01T00:00:00Z'),
    notAfter: new Date('2027-01-01T00:00:00Z'),
  };
  const none = { dnsNames: [], addresses: [] };
  const AUTHORITY = 'UNABLE_TO_VERIFY_LEAF_SIGNATURE';
  test.each([
    [AUTHORITY, 'a.example', {}, 'certificate signed by unknown authority'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'a.example', {}, 'certificate signed by unknown authority'],
    [AUTHORITY, 'r.example', { matches: false }, 'certificate is valid for a.example, b.example, not r.example'],
    [AUTHORITY, '10.9.9.1', { matches: false }, 'certificate is valid for 10.1.1.1, fd00::1, not 10.9.9.1'],
    [
      AUTHORITY,
      '10.9.9.1',
      { matches: false, addresses: [] },
      "cannot validate certificate for 10.9.9.1 because it doesn't contain any IP SANs",
    ],
    [
      AUTHORITY,
      'r.example',
      { matches: false, ...none },
      'certificate is not valid for any names, but wanted to match r.example',
    ],
    [AUTHORITY, 'x', { matches: false, ...none }, 'certificate relies on legacy Common Name field, use SANs instead'],
    [
      AUTHORITY,
      'r.example',
      { matches: false, notAfter: new Date('2021-01-01T00:00:00Z') },
      'certificate has expired or is not yet valid: current time 2026-11-25T22:42:32Z is after 2021-01-01T00:00:00Z',
    ],
    [
      'CERT_NOT_YET_VALID',
      'a.example',
      { notBefore: new Date('2030-01-01T00:00:00Z') },
      'certificate has expired or is not yet valid: current time 2026-11-25T22:42:32Z is before 2030-01-01T00:00:00Z',
    ],
  ] as const)('%s %s', (code, host, own, text) => {
    expect(formatTlsFailure(code, host, { ...good, ...own }, now)).toBe(
      `tls: failed to verify certificate: x509: ${text}`,
    );
  });
});

const folder = mkdtempSync(join(tmpdir(), 'skiff-tls-'));
const CA_CONFIG = `[ca]
default_ca=d
[d]
new_certs_dir=.
database=db
serial=serial
default_md=sha256
policy=p
[p]
commonName=supplied
`;

function openssl(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder });
  if (status !== 0) throw new Error(stderr.toString());
}

function makeCertificate(name: string, san: string, from: string, to: string): void {
  writeFileSync(join(folder, 'san'), `subjectAltName=${san}\n`);
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`, '-out', 'csr', '-subj', `/CN=${name}`);
  const signing = ['-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key', '-extfile', 'san', '-notext'];
  openssl('ca', '-batch', ...signing, '-in', 'csr', '-out', `${name}.pem`, '-startdate', from, '-enddate', to);
}

const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
const fetch = explainingTls((url, init) => globalThis.fetch(url, init));

async function failure(url: string, ca?: string): Promise<string | undefined> {
  const tls = { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca: [ca] }) };
  return await fetch(url, { tls }).then(
    () => undefined,
    (error: Error) => error.message,
  );
}

describe('connections that TLS does not let through', () => {
  beforeAll(() => {
    writeFileSync(join(folder, 'ca.cnf'), CA_CONFIG);
    writeFileSync(join(folder, 'db'), '');
    writeFileSync(join(folder, 'serial'), '01\n');
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '9',
      '-subj',
      '/CN=ca',
    );
    makeCertificate('good', 'DNS:localhost,IP:127.0.0.1', '20200101000000Z', '20990101000000Z');
    makeCertificate('other', 'DNS:other.example', '20200101000000Z', '20990101000000Z');
    makeCertificate('old', 'DNS:localhost,IP:127.0.0.1', '20200101000000Z', '20210101000000Z');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['good', '127.0.0.1', false, 'tls: failed to verify certificate: x509: certificate signed by unknown authority'],
    ['good', '127.0.0.1', true, undefined],
    [
      'other',
      'localhost',
      true,
      'tls: failed to verify certificate: x509: certificate is valid for other.example, not localhost',
    ],
    [
      'other',
      '127.0.0.1',
      false,
      "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
    ],
    [
      'old',
      '127.0.0.1',
      true,
      /^tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time \S+ is after 2021-01-01T00:00:00Z$/,
    ],
  ] as const)('%s for %s, its authority known: %p', async (name, host, known, expected) => {
    const tls = { key: file(`${name}.key`), cert: file(`${name}.pem`) };
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, tls, fetch: () => new Response('ok') });
    try {
      const text = await failure(`https://${host}:${server.port}/`, known ? file('ca.pem') : undefined);
      if (expected instanceof RegExp) expect(text).toMatch(expected);
      else expect(text).toBe(expected);
    } finally {
      await server.stop(true);
    }
  });

  test('a server of plain http is told from one that speaks something else', async () => {
    const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('ok') });
    const other = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('SSH-2.0-x\r\n');
    }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : 0;
    try {
      expect(await failure(`https://127.0.0.1:${server.port}/`)).toBe(
        'http: server gave HTTP response to HTTPS client',
      );
      expect(await failure(`https://127.0.0.1:${port}/`)).toBe('tls: first record does not look like a TLS handshake');
    } finally {
      await server.stop(true);
      other.close();
    }
  });
});
