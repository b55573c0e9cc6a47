import { describe, expect, test } from 'bun:test';
import { isKind, messageOf } from '../../lib/errors.ts';
import { parseAddress, parseConfig } from './parse-config.ts';

/** As Debian's package docker-registry installs it. */
const DEBIAN = `version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/docker-registry
  delete:
    enabled: true
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
auth:
  htpasswd:
    realm: basic-realm
    path: /etc/docker/registry
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`;

function refusal(text: string, environment = {}): string {
  try {
    parseConfig(text, environment);
    return 'taken';
  } catch (error) {
    return isKind(error, 'invalid_parameter') ? messageOf(error) : 'another error';
  }
}

describe('configuration', () => {
  test('Debian’s file of docker-registry is taken as it is', () => {
    const config = parseConfig(DEBIAN);
    expect(config.storage).toMatchObject({ root: '/var/lib/docker-registry', deleteEnabled: true, readOnly: false });
    expect(config.http).toMatchObject({
      address: { kind: 'tcp', host: '::', port: 5000 },
      headers: { 'X-Content-Type-Options': 'nosniff' },
    });
    expect(config.auth).toEqual({
      kind: 'htpasswd',
      realm: 'basic-realm',
      path: '/etc/docker/registry',
      anonymousRead: false,
    });
    expect(config.log).toEqual({ level: 'info', formatter: 'text', fields: { service: 'registry' }, accessLog: true });
  });

  test('what is missing has the documented value', () => {
    const config = parseConfig('');
    expect(config.storage).toEqual({
      root: '/var/lib/registry',
      deleteEnabled: false,
      readOnly: false,
      uploadPurging: { enabled: true, ageMs: 604_800_000, intervalMs: 86_400_000, dryRun: false },
      collection: { enabled: true, intervalMs: 21_600_000, graceMs: 3_600_000, deleteUntagged: false },
    });
    expect(config.limits).toEqual({ manifestBytes: 4_194_304, nameLength: 255, uploads: 500, pageSize: 1000 });
    expect([config.auth, config.requiredPlatforms]).toEqual([{ kind: 'none' }, 'all']);
  });

  test('environment variables override, as YAML, and those of others are left alone', () => {
    const config = parseConfig(DEBIAN, {
      REGISTRY_HTTP_ADDR: '127.0.0.1:7000',
      REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: 'true',
      REGISTRY_SKIFF_LIMITS_MANIFEST: '1MiB',
      REGISTRY_PORT: 'tcp://10.0.0.1:5000',
      OTHER_HTTP_ADDR: 'x',
    });
    expect(config.http.address).toEqual({ kind: 'tcp', host: '127.0.0.1', port: 7000 });
    expect([config.storage.readOnly, config.limits.manifestBytes]).toEqual([true, 1_048_576]);
  });

  test('platforms of indexes as the CNCF registry lists them, and in short', () => {
    const list = '[{ architecture: amd64, os: linux }, { os: linux, architecture: arm, variant: v7 }, linux/s390x]';
    const config = parseConfig(`validation: { manifests: { indexes: { platforms: list, platformlist: ${list} } } }`);
    expect(config.requiredPlatforms).toEqual(['linux/amd64', 'linux/arm/v7', 'linux/s390x']);
  });

  test('what says how it is here anyway is taken', () => {
    const http = 'http: { tls: { minimumtls: tls1.2 }, http2: { disabled: true }, h2c: { enabled: false } }';
    expect(parseConfig(`${http}\ncompatibility: { schema1: { enabled: false } }`)).toEqual(parseConfig(''));
  });

  test('what is not supported or makes no sense is refused with its key', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['storage: { s3: {} }', 'storage.s3 is not supported'],
      ['notifications: {}', 'notifications is not supported'],
      ['http: { tls: { letsencrypt: {} } }', 'http.tls.letsencrypt is not supported'],
      ['http: { tls: { key: a } }', 'http.tls needs both'],
      ['http: { addr: 5000 }', '5000 is not an address'],
      ['http: { addr: "a:70000" }', 'a:70000 is not an address'],
      ['http: { relativeurls: false }', 'http.relativeurls:'],
      ['version: 0.2', 'version: only version 0.1'],
      ['log: { level: loud }', 'log.level is not one of'],
      ['storage: { delete: { enabled: "yes" } }', 'storage.delete.enabled is not true or false'],
      ['storage: { inmemory: {}, filesystem: { rootdirectory: /x } }', 'two drivers'],
      ['storage: { maintenance: { uploadpurging: { age: 5 } } }', 'age is not a time'],
      ['auth: { htpasswd: { realm: x } }', 'path is missing'],
      ['auth: { htpasswd: { realm: x, path: y }, token: {} }', 'two kinds'],
      ['auth: { silly: {} }', 'auth.silly is not supported'],
      ['skiff: { limits: { manifest: big } }', 'skiff.limits.manifest is not a size'],
      ['- a', 'the configuration is not a mapping'],
      ['a: [', 'not valid YAML'],
      ['http: { tls: { minimumtls: tls1.3 } }', 'http.tls.minimumtls: TLS 1.2 and 1.3'],
      ['http: { http2: { disabled: false } }', 'http.http2.disabled:'],
      ['compatibility: { schema1: { enabled: true } }', 'compatibility.schema1.enabled:'],
      ['validation: { manifests: { indexes: { platformlist: [{ os: linux }] } } }', 'architecture is missing'],
      [
        'validation: { manifests: { indexes: { platformlist: [{ os: a, architecture: b, cpu: c }] } } }',
        '[0].cpu is not',
      ],
      ['validation: { manifests: { indexes: { platformlist: [1] } } }', 'platformlist[0] is not a mapping'],
      ['proxy: { remoteurl: "ftp://a" }', 'proxy.remoteurl is not a URL'],
      ['proxy: { remoteurl: "https://a", ttl: 1h }', 'proxy.ttl is not supported'],
    ];
    for (const [text, why] of cases) expect([text, refusal(text)]).toEqual([text, expect.stringContaining(why)]);
  });

  test('addresses', () => {
    expect(parseAddress('[::1]:80', 'tcp')).toEqual({ kind: 'tcp', host: '::1', port: 80 });
    expect(parseAddress('/run/r.sock', 'unix')).toEqual({ kind: 'unix', path: '/run/r.sock' });
  });
});
