import { isIP } from 'node:net';
import { isBefore } from '../../api/compat/version.ts';
import type { LogDriver } from '../../engine/container/defaults.ts';
import type { DefaultBridgeSettings } from '../../engine/network/default-bridge.ts';
import type { NetworkOptions } from '../../engine/network/default-options.ts';
import type { AddressPools } from '../../engine/network/pools.ts';
import { KnownError } from '../../lib/errors.ts';
import { invalid } from '../../lib/invalid.ts';
import { parseSize } from '../../lib/size.ts';
import { mergeUlimits, parseUlimit, type Ulimit } from '../../lib/ulimit.ts';
import { API_VERSION, MIN_API_VERSION } from '../../server/router.ts';
import type { LogLevel } from '../log.ts';
import { type BuilderGc, builderGc } from './builder-settings.ts';
import { DIRECTIVES } from './directives.ts';
import { addressPools, defaultBridgeSettings, defaultNetworkOptions } from './network-settings.ts';
import { type ProxySettings, proxySettings } from './proxy-settings.ts';
import { type RestrictedHost, restrictedHosts } from './restricted-hosts.ts';
import { asText, isObject, type JsonObject, type JsonValue, type Settings, unsupported } from './settings.ts';

/** Settings of one daemon, checked and with their defaults. */
export interface DaemonConfig extends ReloadableConfig {
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly hosts: readonly string[];
  /** Lowest version of the API that is answered. */
  readonly minApiVersion: string;
  readonly builderGc: BuilderGc;
  readonly proxies: ProxySettings;
  readonly restrictedHosts: readonly RestrictedHost[];
  readonly pidFile: string;
  /** Owner of the unix sockets by name or number. */
  readonly group: string;
  readonly tls: TlsFiles | undefined;
  /** TCP beyond loopback without TLS was asked for in so many words. */
  readonly plainTcp: boolean;
  readonly logFormat: 'text' | 'json';
  readonly bridge: string | undefined;
  readonly defaultBridge: DefaultBridgeSettings;
  /** Where subnets come from when nobody names one; none: Docker's own pools. */
  readonly addressPools: readonly AddressPools[];
  /** Options of networks that are made, by driver. */
  readonly networkOptions: NetworkOptions;
  /** Published ports are reached by the containers' own addresses as well, from everywhere. */
  readonly directRouting: boolean;
  /** Whose word counts where a container says nothing of its published ports. */
  readonly publishedPorts: 'docker' | 'host-firewall';
  /** What `host-gateway` means; none: the gateway of the default bridge. */
  readonly hostGatewayIps: readonly string[];
  readonly cgroupParent: string;
  /** `default`, or the user whose numbers containers have on the host; empty: they have the host's. */
  readonly usernsRemap: string;
  /** Folders of CDI specifications; a later one stands in front. */
  readonly cdiFolders: readonly string[];
  readonly container: ContainerDefaults;
  /** For the cgroups above containers with real-time time of their own; 0: none. */
  readonly realtime: { readonly periodMicros: number; readonly runtimeMicros: number };
  /** undefined: stays as it is. */
  readonly oomScoreAdjust: number | undefined;
}

/** What SIGHUP may change. */
export interface ReloadableConfig {
  readonly logLevel: LogLevel;
  readonly labels: readonly string[];
  readonly liveRestore: boolean;
  /** Every change that a client asks for is logged, with who asked and what became of it. */
  readonly audit: boolean;
  readonly shutdownTimeoutSeconds: number;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly maxConcurrentDownloads: number;
  readonly maxConcurrentUploads: number;
  readonly maxDownloadAttempts: number;
  readonly defaultRuntime: string;
  /** Those of the user by name; crun and runc are there anyway. */
  readonly runtimes: Readonly<Record<string, CustomRuntime>>;
}

export interface CustomRuntime {
  readonly path: string;
  readonly arguments: readonly string[];
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Clients must have a certificate of this authority; undefined: anybody may connect. */
  readonly clientCa: string | undefined;
}

/** What containers get whose request says nothing. */
export interface ContainerDefaults {
  readonly ulimits: readonly Ulimit[];
  readonly shmBytes: number;
  readonly ipcMode: 'private' | 'shareable';
  /** undefined: the cgroup version decides. */
  readonly cgroupnsMode: 'private' | 'host' | undefined;
  readonly init: boolean;
  readonly initPath: string | undefined;
  readonly noNewPrivileges: boolean;
  /** A file, `unconfined`, or empty for the built-in profile. */
  readonly seccompProfile: string;
  readonly logDriver: LogDriver;
  readonly logOptions: Readonly<Record<string, string>>;
  readonly dns: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly dnsSearch: readonly string[];
}

/** Those that have a name in the API. */
const LOG_DRIVERS: readonly LogDriver[] = [
  'json-file',
  'local',
  'none',
  'syslog',
  'journald',
  'gelf',
  'fluentd',
  'awslogs',
  'splunk',
  'etwlogs',
];

const LEVELS = ['debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Errors: invalid_parameter naming the setting; not_implemented for one that this engine does not have. */
export function resolveConfig(settings: Settings): DaemonConfig {
  const [lacking] = unsupported(settings);
  if (lacking !== undefined) throw new KnownError('not_implemented', lacking);
  refuseOtherMachinery(settings);
  const read = reader(settings);
  return {
    dataRoot: absolute(read.text('data-root')),
    execRoot: absolute(read.text('exec-root')),
    hosts: settings.has('hosts') ? read.list('hosts') : ['unix:///var/run/docker.sock'],
    minApiVersion: apiVersion(read.text('min-api-version')),
    proxies: proxySettings(settings, read.map('proxies')),
    builderGc: builderGc(read.value('builder')),
    restrictedHosts: restrictedHosts(read.value('restricted-hosts')),
    pidFile: read.text('pidfile'),
    group: read.text('group'),
    tls: tlsFiles(read),
    plainTcp: settings.get('tls') === false || settings.get('tlsverify') === false,
    logFormat: oneOf('log-format', read.text('log-format'), ['text', 'json']),
    bridge: read.text('bridge') || undefined,
    defaultBridge: defaultBridgeSettings(read),
    networkOptions: defaultNetworkOptions(read.value('default-network-opts')),
    directRouting: read.bool('allow-direct-routing'),
    addressPools: addressPools(read.value('default-address-pools')),
    publishedPorts: oneOf('published-ports', read.text('published-ports'), ['docker', 'host-firewall']),
    hostGatewayIps: hostGatewayIps(read.list('host-gateway-ip')),
    cgroupParent: read.text('cgroup-parent'),
    usernsRemap: read.text('userns-remap'),
    cdiFolders: settings.has('cdi-spec-dirs') ? read.list('cdi-spec-dirs') : ['/etc/cdi', '/var/run/cdi'],
    container: containerDefaults(read),
    realtime: realtimeBudget(read.int('cpu-rt-period'), read.int('cpu-rt-runtime')),
    oomScoreAdjust: settings.has('oom-score-adjust') ? oomScore(read.int('oom-score-adjust')) : undefined,
    ...reloadable(read),
  };
}

/** At most one of each family, as Docker's. Errors: invalid_parameter. */
function hostGatewayIps(ips: readonly string[]): readonly string[] {
  for (const ip of ips) if (isIP(ip) === 0) throw invalid(`invalid host-gateway-ip: ${ip}`);
  if (new Set(ips.map(isIP)).size < ips.length)
    throw invalid('only one IPv4 and one IPv6 host gateway IP address can be specified');
  return ips;
}

function reloadable(read: Reader): ReloadableConfig {
  const level = read.text('log-level');
  const runtimes = customRuntimes(read.value('runtimes'));
  const runtime = read.text('default-runtime');
  if (!['crun', 'runc', ...Object.keys(runtimes)].includes(runtime))
    throw invalid(`specified default runtime '${runtime}' does not exist`);
  return {
    logLevel: read.bool('debug') ? 'debug' : oneOf('log-level', level, LEVELS, `invalid logging level: ${level}`),
    labels: read.list('labels').map(label),
    liveRestore: read.bool('live-restore'),
    audit: read.bool('audit'),
    shutdownTimeoutSeconds: read.int('shutdown-timeout'),
    insecureRegistries: read.list('insecure-registries'),
    registryMirrors: read.list('registry-mirrors').map(mirrorAddress),
    maxConcurrentDownloads: atLeastOne('max-concurrent-downloads', read.int('max-concurrent-downloads')),
    maxConcurrentUploads: atLeastOne('max-concurrent-uploads', read.int('max-concurrent-uploads')),
    maxDownloadAttempts: atLeastOne('max-download-attempts', read.int('max-download-attempts')),
    defaultRuntime: runtime,
    runtimes,
  };
}

function containerDefaults(read: Reader): ContainerDefaults {
  const mode = read.text('default-cgroupns-mode');
  for (const ip of read.list('dns')) if (isIP(ip) === 0) throw invalid(`invalid IP address for --dns: ${ip}`);
  return {
    ulimits: defaultUlimits(read.value('default-ulimits')),
    shmBytes: shmSize(read.text('default-shm-size')),
    ipcMode: oneOf(
      'default-ipc-mode',
      read.text('default-ipc-mode'),
      ['private', 'shareable'],
      `IPC mode "${read.text('default-ipc-mode')}" can not be used as default: only private and shareable`,
    ),
    cgroupnsMode: mode === '' ? undefined : oneOf('default-cgroupns-mode', mode, ['private', 'host'] as const),
    init: read.bool('init'),
    initPath: read.text('init-path') || undefined,
    noNewPrivileges: read.bool('no-new-privileges'),
    seccompProfile: read.text('seccomp-profile'),
    logDriver: oneOf('log-driver', read.text('log-driver'), LOG_DRIVERS),
    logOptions: read.map('log-opts'),
    dns: read.list('dns'),
    dnsOptions: read.list('dns-opts'),
    dnsSearch: read.list('dns-search'),
  };
}

/** Settings that choose among machinery of which this engine has one sort, and those that it has no choice in yet. */
function refuseOtherMachinery(settings: Settings): void {
  const only: Readonly<Record<string, readonly JsonValue[]>> = {
    'storage-driver': ['', 'overlay2', 'overlayfs'],
    'firewall-backend': ['', 'nftables'],
    iptables: [true],
    ip6tables: [true],
    'userland-proxy': [true],
    'ip-forward': [true],
    'ip-masq': [true],
  };
  for (const [name, possible] of Object.entries(only)) {
    const value = settings.get(name);
    if (value !== undefined && !possible.includes(value))
      throw new KnownError(
        'not_implemented',
        `${name} ${JSON.stringify(value)} is not supported: this engine has ${possible
          .filter((one) => one !== '')
          .map(asText)
          .join(' and ')} only`,
      );
  }
  for (const option of settings.has('exec-opts') ? reader(settings).list('exec-opts') : [])
    if (option !== 'native.cgroupdriver=cgroupfs')
      throw new KnownError(
        'not_implemented',
        `exec-opt ${JSON.stringify(option)} is not supported: cgroups are made by native.cgroupdriver=cgroupfs only`,
      );
}

interface Reader {
  value(name: string): JsonValue | undefined;
  text(name: string): string;
  bool(name: string): boolean;
  int(name: string): number;
  list(name: string): readonly string[];
  map(name: string): Readonly<Record<string, string>>;
}

/** Types were checked when the settings were read; a default is the flag's. */
function reader(settings: Settings): Reader {
  const find = (name: string): JsonValue | undefined =>
    settings.get(name) ?? DIRECTIVES.find(({ key, flag }) => (key ?? flag?.name) === name)?.flag?.default;
  return {
    value: find,
    text: (name) => asText(find(name) ?? ''),
    bool: (name) => find(name) === true,
    int: (name) => Number(find(name) ?? 0),
    list: (name) => {
      const value = find(name);
      return Array.isArray(value) ? value.map(asText) : [];
    },
    map: (name) => {
      const value = find(name);
      return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, asText(one)])) : {};
    },
  };
}

/** By flag `name=path`; in the file by name: `{"path": "...", "runtimeArgs": ["..."]}`. */
function customRuntimes(value: JsonValue | undefined): Readonly<Record<string, CustomRuntime>> {
  const entries: readonly (readonly [string, JsonObject])[] = Array.isArray(value)
    ? value.map((entry) => {
        const [name = '', ...path] = asText(entry).split('=');
        if (name === '' || path.length === 0) throw invalid(`invalid runtime: ${asText(entry)}: must be name=path`);
        return [name, { path: path.join('=') }];
      })
    : Object.entries(isObject(value) ? value : {}).map(([name, one]) => [name, isObject(one) ? one : {}]);
  return Object.fromEntries(entries.map(([name, one]) => [name, customRuntime(name, one)]));
}

function customRuntime(name: string, { path, runtimeArgs = [], ...others }: JsonObject): CustomRuntime {
  if (name === 'crun' || name === 'runc') throw invalid(`runtime name '${name}' is reserved`);
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new KnownError('not_implemented', `runtime '${name}': ${other} is not supported: only path and runtimeArgs`);
  if (typeof path !== 'string' || path === '') throw invalid(`runtime '${name}' has no path`);
  if (!Array.isArray(runtimeArgs)) throw invalid(`runtime '${name}': runtimeArgs must be a list of strings`);
  return { path, arguments: runtimeArgs.map(asText) };
}

/** By flag `nofile=1024:2048`; in the file by name: `{"Name": "nofile", "Soft": 1024, "Hard": 2048}`. */
function defaultUlimits(value: JsonValue | undefined): readonly Ulimit[] {
  if (Array.isArray(value)) return mergeUlimits(value.map((entry) => parseUlimit(asText(entry))));
  const limits = Object.entries(isObject(value) ? value : {}).map(([name, one]) => {
    const { Name = name, Soft, Hard = Soft } = isObject(one) ? one : {};
    if (typeof Soft !== 'number' || typeof Hard !== 'number' || Name !== name)
      throw invalid(`default-ulimits: ${name} must be {"Name": "${name}", "Soft": number, "Hard": number}`);
    return parseUlimit(`${name}=${Soft}:${Hard}`);
  });
  return mergeUlimits(limits);
}

function tlsFiles(read: Reader): TlsFiles | undefined {
  const verify = read.bool('tlsverify');
  const wanted = verify || read.bool('tls');
  const file = (name: string, fallback: string): string => read.text(name) || `/etc/docker/${fallback}`;
  if (!wanted) return undefined;
  return {
    cert: file('tlscert', 'cert.pem'),
    key: file('tlskey', 'key.pem'),
    clientCa: verify ? file('tlscacert', 'ca.pem') : undefined,
  };
}

function oneOf<T extends string>(name: string, value: string, possible: readonly T[], message?: string): T {
  const found = possible.find((one) => one === value);
  if (found === undefined)
    throw invalid(message ?? `invalid value for ${name}: ${JSON.stringify(value)}: must be ${possible.join(' or ')}`);
  return found;
}

function atLeastOne(name: string, value: number): number {
  if (value < 1) throw invalid(`invalid value for ${name}: ${value}: must be at least 1`);
  return value;
}

function oomScore(value: number): number {
  if (value < -1000 || value > 1000) throw invalid(`invalid value for oom-score-adjust: ${value}: from -1000 to 1000`);
  return value;
}

function realtimeBudget(periodMicros: number, runtimeMicros: number): DaemonConfig['realtime'] {
  if (periodMicros < 0 || runtimeMicros < 0) throw invalid('cpu-rt-period and cpu-rt-runtime cannot be negative');
  if (periodMicros > 0 && runtimeMicros > periodMicros)
    throw invalid('cpu-rt-runtime cannot be higher than cpu-rt-period');
  return { periodMicros, runtimeMicros };
}

function shmSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes < 1) throw invalid('default-shm-size must be more than 0');
  return bytes;
}

function label(text: string): string {
  if (!/^[^=]+=/.test(text)) throw invalid(`bad attribute format: ${text}`);
  return text;
}

function apiVersion(text: string): string {
  if (text === '') return MIN_API_VERSION;
  if (!/^1\.\d{1,3}$/.test(text)) throw invalid(`invalid min-api-version: ${text}`);
  if (isBefore(text, MIN_API_VERSION) || isBefore(API_VERSION, text))
    throw invalid(`invalid min-api-version: ${text}: must be from ${MIN_API_VERSION} to ${API_VERSION}`);
  return text;
}

/** Docker's rules: http or https, without user, path, query or fragment; shown with a slash at its end. */
function mirrorAddress(text: string): string {
  const url = URL.parse(text);
  const plain = url && url.username === '' && url.search === '' && url.hash === '' && url.pathname === '/';
  if (!plain || !['http:', 'https:'].includes(url.protocol))
    throw invalid(`invalid mirror: ${shown(text)} must be an http(s) address with a host only`);
  return `${url.origin}/`;
}

/** Without a user and password that may stand in it. */
function shown(address: string): string {
  return JSON.stringify(address.replace(/\/\/[^/]*@/, '//'));
}

function absolute(path: string): string {
  if (!path.startsWith('/')) throw invalid(`the daemon's roots must be absolute paths: ${path}`);
  return path.replace(/\/+$/, '') || '/';
}
