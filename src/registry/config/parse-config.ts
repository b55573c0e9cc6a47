import { parse } from 'yaml';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { Address } from '../server.host.ts';
import type { AuthConfig, HttpConfig, LogConfig, ProxyConfig, RegistryConfig, StorageConfig } from './config.ts';
import { createSection, type Section } from './section.ts';

const HOUR_MS = 3_600_000;

/**
 * Reads the CNCF registry's `config.yml` (version 0.1), with its environment overrides (`REGISTRY_HTTP_ADDR` is `http.addr`), and our
 * own section `skiff`. What is not supported is refused, not ignored. Errors: invalid_parameter.
 */
export function parseConfig(
  text: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): RegistryConfig {
  const root = createSection(withEnvironment(parseYaml(text), environment));
  root.only('version', 0.1, 'only version 0.1 is supported');
  const own = root.section('skiff');
  const config: RegistryConfig = {
    log: parseLog(root),
    storage: parseStorage(root.section('storage'), own),
    http: parseHttp(root.section('http')),
    auth: parseAuth(root.section('auth'), own),
    requiredPlatforms: parsePlatforms(root.section('validation')),
    limits: parseLimits(own.section('limits'), root.section('catalog')),
    proxy: parseProxy(root.section('proxy')),
  };
  parseHealth(root.section('health'));
  root.section('compatibility').section('schema1').only('enabled', false, 'manifests of schema 1 are not taken');
  root.done();
  return config;
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new KnownError('invalid_parameter', `the configuration is not valid YAML: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

const SECTIONS = [
  'compatibility',
  'log',
  'storage',
  'http',
  'auth',
  'validation',
  'catalog',
  'proxy',
  'health',
  'skiff',
];

/** `REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY=/x`: values are YAML. Names that do not begin with a section are somebody else's. */
function withEnvironment(tree: unknown, environment: Readonly<Record<string, string | undefined>>): unknown {
  const root = structuredClone(tree ?? {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries(environment)) {
    const [prefix, ...path] = name.toLowerCase().split('_');
    if (prefix !== 'registry' || value === undefined || !SECTIONS.includes(path[0] ?? '') || path.length < 2) continue;
    let at = root;
    for (const key of path.slice(0, -1)) {
      if (typeof at[key] !== 'object' || at[key] === null) at[key] = {};
      at = at[key] as Record<string, unknown>;
    }
    at[path.at(-1) ?? ''] = parseYaml(value);
  }
  return root;
}

function parseLog(root: Section): LogConfig {
  const log = root.section('log');
  const accessLog = log.section('accesslog');
  return {
    level: log.oneOf('level', ['debug', 'info', 'warn', 'error']) ?? 'info',
    formatter: log.oneOf('formatter', ['text', 'json']) ?? 'text',
    fields: log.stringMap('fields'),
    accessLog: !(accessLog.boolean('disabled') ?? false),
  };
}

function parseStorage(storage: Section, own: Section): StorageConfig {
  const memory = storage.has('inmemory');
  storage.section('inmemory');
  const root = storage.section('filesystem').string('rootdirectory');
  if (memory && root !== undefined) throw new KnownError('invalid_parameter', 'storage has two drivers');
  storage.section('cache').only('blobdescriptor', 'inmemory', 'only inmemory is supported');
  storage.section('redirect').only('disable', true, 'blobs are never redirected');
  const maintenance = storage.section('maintenance');
  const purging = maintenance.section('uploadpurging');
  const collection = own.section('collection');
  return {
    root: memory ? undefined : (root ?? '/var/lib/registry'),
    deleteEnabled: storage.section('delete').boolean('enabled') ?? false,
    readOnly: maintenance.section('readonly').boolean('enabled') ?? false,
    uploadPurging: {
      enabled: purging.boolean('enabled') ?? true,
      ageMs: purging.durationMs('age') ?? 168 * HOUR_MS,
      intervalMs: purging.durationMs('interval') ?? 24 * HOUR_MS,
      dryRun: purging.boolean('dryrun') ?? false,
    },
    collection: {
      enabled: collection.boolean('enabled') ?? true,
      intervalMs: collection.durationMs('interval') ?? 6 * HOUR_MS,
      graceMs: collection.durationMs('grace') ?? HOUR_MS,
      deleteUntagged: collection.boolean('deleteuntagged') ?? false,
    },
  };
}

function parseHttp(http: Section): HttpConfig {
  const net = http.oneOf('net', ['tcp', 'unix']) ?? 'tcp';
  const tls = http.section('tls');
  const [certificate, key] = [tls.string('certificate'), tls.string('key')];
  if ((certificate === undefined) !== (key === undefined))
    throw new KnownError('invalid_parameter', 'http.tls needs both certificate and key');
  const clientAuthorities = tls.strings('clientcas') ?? [];
  tls.only('minimumtls', 'tls1.2', 'TLS 1.2 and 1.3 are spoken');
  http.section('http2').only('disabled', true, 'HTTP/1.1 is spoken');
  http.section('h2c').only('enabled', false, 'HTTP/1.1 is spoken');
  const debug = http.section('debug');
  const debugAddress = debug.string('addr');
  const prometheus = debug.section('prometheus');
  prometheus.only('enabled', true, 'metrics are always served');
  http.only('relativeurls', true, 'answers hold relative URLs, or those below http.host');
  // Signs the state of uploads in the CNCF registry; here the state never leaves the server.
  http.string('secret');
  return {
    address: parseAddress(http.string('addr') ?? ':5000', net),
    host: http.string('host')?.replace(/\/$/, ''),
    prefix: (http.string('prefix') ?? '').replace(/\/$/, ''),
    headers: http.stringMap('headers'),
    tls: certificate !== undefined && key !== undefined ? { certificate, key, clientAuthorities } : undefined,
    drainTimeoutMs: http.durationMs('draintimeout') ?? 10_000,
    debugAddress: debugAddress === undefined ? undefined : parseAddress(debugAddress, 'tcp'),
    metricsPath: prometheus.string('path') ?? '/metrics',
  };
}

/** `host:port`, `:port`, `[::1]:port`; with unix, a path. Errors: invalid_parameter. */
export function parseAddress(text: string, net: 'tcp' | 'unix'): Address {
  if (net === 'unix') return { kind: 'unix', path: text };
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(found?.[3]);
  if (!found || port > 65_535)
    throw new KnownError('invalid_parameter', `${text} is not an address like 127.0.0.1:5000`);
  return { kind: 'tcp', host: (found[1] ?? found[2]) || '::', port };
}

function parseAuth(auth: Section, own: Section): AuthConfig {
  const anonymousRead = own.boolean('anonymousread') ?? false;
  const [htpasswd, token] = [auth.section('htpasswd'), auth.section('token')];
  if (htpasswd.present && token.present) throw new KnownError('invalid_parameter', 'auth has two kinds');
  if (htpasswd.present)
    return { kind: 'htpasswd', anonymousRead, realm: required(htpasswd, 'realm'), path: required(htpasswd, 'path') };
  if (!token.present) return { kind: 'none' };
  return {
    kind: 'token',
    anonymousRead,
    realm: required(token, 'realm'),
    service: required(token, 'service'),
    issuer: required(token, 'issuer'),
    certificates: token.string('rootcertbundle'),
    jwks: token.string('jwks'),
  };
}

function required(section: Section, key: string): string {
  const value = section.string(key);
  if (value === undefined || value === '') throw new KnownError('invalid_parameter', `auth: ${key} is missing`);
  return value;
}

function parsePlatforms(validation: Section): RegistryConfig['requiredPlatforms'] {
  const off = validation.boolean('disabled') ?? false;
  const indexes = validation.section('manifests').section('indexes');
  const platforms = indexes.oneOf('platforms', ['all', 'none', 'list']) ?? 'all';
  const list = indexes.has('platformlist') ? parsePlatformList(indexes) : [];
  if (off) return 'none';
  return platforms === 'list' ? list : platforms;
}

/** Mappings of `os`, `architecture` and perhaps `variant` as in the CNCF registry, or `os/architecture[/variant]`. */
function parsePlatformList(indexes: Section): readonly string[] {
  return (indexes.items('platformlist') ?? []).map((item) => {
    if (typeof item === 'string') return item;
    const [os, architecture, variant] = [item.string('os'), item.string('architecture'), item.string('variant')];
    if (os === undefined || architecture === undefined)
      throw new KnownError(
        'invalid_parameter',
        'validation.manifests.indexes.platformlist: os or architecture is missing',
      );
    return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
  });
}

function parseLimits(limits: Section, catalog: Section): RegistryConfig['limits'] {
  return {
    manifestBytes: limits.bytes('manifest') ?? 4 * 1024 * 1024,
    nameLength: limits.integer('namelength') ?? 255,
    uploads: limits.integer('uploads') ?? 500,
    pageSize: catalog.integer('maxentries') ?? 1000,
  };
}

function parseProxy(proxy: Section): ProxyConfig | undefined {
  const [remoteUrl, username, password] = [
    proxy.string('remoteurl'),
    proxy.string('username'),
    proxy.string('password'),
  ];
  if (!proxy.present) return undefined;
  if (remoteUrl === undefined || !/^https?:\/\//.test(remoteUrl) || !URL.canParse(remoteUrl))
    throw new KnownError('invalid_parameter', 'proxy.remoteurl is not a URL of http or https');
  return { remoteUrl: remoteUrl.replace(/\/+$/, ''), username, password };
}

/** /healthz looks at the storage whenever it is asked, so the period and the count of the CNCF registry's checks say nothing here. */
function parseHealth(health: Section): void {
  const storage = health.section('storagedriver');
  storage.only('enabled', true, '/healthz always looks at the storage');
  storage.durationMs('interval');
  storage.integer('threshold');
}
