import { KnownError } from '../lib/errors.ts';

/** Where a registry's content can be had besides, or instead of, its own address. */
export interface RegistryHost {
  /** `https://mirror:5000`, perhaps with a path. */
  readonly base: string;
  /** True: `base` stands for what `/v2` is in other hosts. */
  readonly overridePath: boolean;
  readonly capabilities: readonly Capability[];
  readonly verifyTls: boolean;
  /** Sent with every request to this host. */
  readonly headers: Readonly<Record<string, string>>;
  /** Files of PEM certificates that are trusted besides the system's. */
  readonly caFiles: readonly string[];
  /** Files of a client certificate and its key. */
  readonly client: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Tells a mirror of several registries which one is meant: `?ns=`. */
  readonly namespace: boolean;
}

export type Capability = 'pull' | 'resolve' | 'push';

/** Hosts to try first, in order, and what is special about the registry itself. */
export interface RegistryHosts {
  readonly mirrors: readonly RegistryHost[];
  /** Undefined: its own address, by Docker's rules. */
  readonly server: RegistryHost | undefined;
}

const CAPABILITIES: readonly string[] = ['pull', 'resolve', 'push'];
const KEYS = ['capabilities', 'skip_verify', 'ca', 'client', 'override_path', 'header'];

/**
 * What a hosts.toml says (containerd, docs/hosts.md). `folder`: where its relative paths begin. Errors: invalid_parameter, also
 * for keys that are not supported, rather than pulling from somewhere else than was meant.
 */
export function parseHosts(document: unknown, folder: string, defaultServer: string): RegistryHosts {
  const root = fieldsOf(document, 'hosts.toml');
  const server = root.get('server');
  const own = new Map([...root].filter(([key]) => key !== 'server' && key !== 'host'));
  const mirrors = [...fieldsOf(root.get('host') ?? {}, 'host')].map(([address, value]) =>
    parseHost(address, fieldsOf(value, address), folder, true),
  );
  const special = own.size > 0 || typeof server === 'string';
  const address = typeof server === 'string' ? server : defaultServer;
  return { mirrors, server: special ? parseHost(address, own, folder, false) : undefined };
}

function parseHost(
  address: string,
  fields: ReadonlyMap<string, unknown>,
  folder: string,
  namespace: boolean,
): RegistryHost {
  const unknown = [...fields.keys()].find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw invalid(`${address}: the key ${unknown} is not supported`);
  const pairs = list(fields.get('client'));
  if (pairs.length > 1) throw invalid(`${address}: more than one client certificate is not supported`);
  return {
    base: parseAddress(address),
    overridePath: flag(address, fields, 'override_path'),
    capabilities: capabilitiesOf(address, fields.get('capabilities')),
    verifyTls: !flag(address, fields, 'skip_verify'),
    headers: headersOf(fields.get('header')),
    caFiles: list(fields.get('ca')).map((path) => resolvePath(folder, path, address)),
    client: clientOf(folder, pairs[0], address),
    namespace,
  };
}

/** A mirror as `--registry-mirror` names it. Errors: invalid_parameter. */
export function parseMirror(address: string): RegistryHost {
  const fields = new Map<string, unknown>([['capabilities', ['pull', 'resolve']]]);
  return parseHost(address, fields, '/', false);
}

/** A registry's own address, with nothing special about it. */
export function plainHost(base: string, verifyTls: boolean): RegistryHost {
  return {
    base,
    overridePath: false,
    capabilities: ['pull', 'resolve', 'push'],
    verifyTls,
    headers: {},
    caFiles: [],
    client: undefined,
    namespace: false,
  };
}

function parseAddress(text: string): string {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`);
  if (!url || url.search !== '' || url.hash !== '') throw invalid(`invalid registry address: ${text.slice(0, 200)}`);
  if (url.username !== '' || url.password !== '')
    throw invalid('a registry address must not hold a user or a password');
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function flag(address: string, fields: ReadonlyMap<string, unknown>, name: string): boolean {
  const value = fields.get(name) ?? false;
  if (typeof value !== 'boolean') throw invalid(`${address}: ${name} must be true or false`);
  return value;
}

function capabilitiesOf(address: string, value: unknown): readonly Capability[] {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return ['pull', 'resolve', 'push'];
  return list(value).map((one) => {
    const name = typeof one === 'string' ? one.toLowerCase() : '';
    if (!CAPABILITIES.includes(name)) throw invalid(`${address}: unknown capability ${String(one)}`);
    return name as Capability;
  });
}

function headersOf(value: unknown): Readonly<Record<string, string>> {
  const entries = [...fieldsOf(value ?? {}, 'header')];
  const headers = entries.map(([name, text]) => [name, list(text).map(String).join(', ')] as const);
  for (const [name, text] of headers)
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[\r\n\0]/.test(text))
      throw invalid(`the header ${JSON.stringify(name)}`);
  return Object.fromEntries(headers);
}

/** A pair of files, or one file with both. */
function clientOf(folder: string, value: unknown, address: string): RegistryHost['client'] {
  if (value === undefined) return undefined;
  const [cert, key] = list(value);
  const certFile = resolvePath(folder, cert, address);
  return { certFile, keyFile: key === undefined ? certFile : resolvePath(folder, key, address) };
}

function resolvePath(folder: string, value: unknown, address: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(`${address}: a file name is missing`);
  return value.startsWith('/') ? value : `${folder}/${value}`;
}

function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function fieldsOf(value: unknown, what: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} is not a table`);
  return new Map<string, unknown>(Object.entries(value));
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', `invalid registry hosts: ${text}`);
}
