import type { Flag } from '../../lib/flags/flag.ts';

/**
 * One setting of the daemon: a flag, a key of daemon.json, or both. The list is dockerd's (28.2), so that every flag and key that people
 * have is either honoured or refused by name.
 */
export interface Directive {
  /** Key in daemon.json; absent: on the command line only. */
  readonly key?: string;
  /** Absent: in daemon.json only. */
  readonly flag?: Omit<Flag, 'name'> & { readonly name: string };
  /** What daemon.json holds. Default: what the flag's kind says. */
  readonly json?: 'map' | 'object' | 'objects';
  /** Why it cannot be had here, as the end of a sentence; it is refused wherever it is given, but for values that ask for nothing. */
  readonly refused?: string;
}

const bool = (name: string, description: string, more: Partial<Flag> = {}): Flag => ({
  name,
  kind: 'bool',
  description,
  ...more,
});
const text = (name: string, description: string, more: Partial<Flag> = {}): Flag => ({
  name,
  kind: 'string',
  description,
  ...more,
});
const list = (name: string, description: string, more: Partial<Flag> = {}): Flag => ({
  name,
  kind: 'list',
  description,
  ...more,
});
const int = (name: string, description: string, more: Partial<Flag> = {}): Flag => ({
  name,
  kind: 'int',
  description,
  ...more,
});
const map = (name: string, description: string): Flag => list(name, description, { placeholder: 'map' });
/** Flag and key have one name. */
const both = (flag: Flag, more: Omit<Directive, 'flag' | 'key'> = {}): Directive => ({ flag, key: flag.name, ...more });
/** In the file it has another name, mostly because it holds several. */
const renamed = (flag: Flag, key: string, more: Omit<Directive, 'flag' | 'key'> = {}): Directive => ({
  flag,
  key,
  ...more,
});

const NOT_YET = 'not in this engine yet';
const NO_SWARM = 'this engine is no swarm node';
const NO_CONTAINERD = 'this engine needs no containerd';

export const CONFIG_FILE = '/etc/docker/daemon.json';

export const DIRECTIVES: readonly Directive[] = [
  renamed(map('add-runtime', 'Register an additional OCI compatible runtime'), 'runtimes', { json: 'object' }),
  both(bool('allow-direct-routing', 'Allow remote access to published ports on container IP addresses')),
  both(bool('audit', 'Log every change that clients ask for, who asked, and the outcome')),
  renamed(list('authorization-plugin', 'Authorization plugins to load'), 'authorization-plugins', {
    refused: 'this engine loads no authorization plugins; listeners that may do less take their place',
  }),
  both(text('bip', 'Address of the default bridge, with its prefix length')),
  both(text('bip6', 'IPv6 address of the default bridge, with its prefix length')),
  both(text('bridge', 'Attach containers to this bridge, made when it is missing', { short: 'b' })),
  { key: 'builder', json: 'object' },
  renamed(list('cdi-spec-dir', 'CDI specification directories to use'), 'cdi-spec-dirs'),
  both(text('cgroup-parent', 'Parent of the cgroups of containers', { default: '/skiff' })),
  { flag: text('config-file', 'Daemon configuration file', { default: CONFIG_FILE }) },
  both(text('containerd', 'containerd grpc address'), { refused: NO_CONTAINERD }),
  both(text('containerd-namespace', 'Containerd namespace to use'), { refused: NO_CONTAINERD }),
  renamed(
    text('containerd-plugins-namespace', 'Containerd namespace to use for plugins'),
    'containerd-plugin-namespace',
    { refused: NO_CONTAINERD },
  ),
  both(int('cpu-rt-period', 'Limit the CPU real-time period in microseconds')),
  both(int('cpu-rt-runtime', 'Limit the CPU real-time runtime in microseconds')),
  { flag: bool('cri-containerd', 'start containerd with cri'), refused: NO_CONTAINERD },
  both(text('data-root', 'Root directory of persistent state', { default: '/var/lib/skiff' })),
  both(bool('debug', 'Enable debug mode', { short: 'D' })),
  renamed(list('default-address-pool', 'Default address pools for networks'), 'default-address-pools', {
    json: 'objects',
  }),
  both(text('default-cgroupns-mode', 'Default mode for containers cgroup namespace ("host" | "private")')),
  both(text('default-gateway', 'Default gateway IPv4 address for the default bridge network')),
  both(text('default-gateway-v6', 'Default gateway IPv6 address for the default bridge network')),
  both(text('default-ipc-mode', 'Default mode for containers ipc ("shareable" | "private")', { default: 'private' })),
  renamed(map('default-network-opt', 'Default network options'), 'default-network-opts', {
    json: 'object',
  }),
  both(text('default-runtime', 'Default OCI runtime for containers', { default: 'crun' })),
  both(text('default-shm-size', 'Default shm size for containers', { default: '64MiB', placeholder: 'bytes' })),
  renamed(list('default-ulimit', 'Default ulimits for containers', { placeholder: 'ulimit' }), 'default-ulimits', {
    json: 'object',
  }),
  both(list('dns', 'DNS server to use')),
  renamed(list('dns-opt', 'DNS options to use'), 'dns-opts'),
  both(list('dns-search', 'DNS search domains to use')),
  renamed(list('exec-opt', 'Runtime execution options'), 'exec-opts'),
  both(text('exec-root', 'Root directory for execution state files', { default: '/run/skiff' })),
  both(bool('experimental', 'Enable experimental features'), { refused: 'this engine has no experimental features' }),
  renamed(map('feature', 'Enable feature in the daemon'), 'features', {
    json: 'object',
    refused: NOT_YET,
  }),
  both(text('firewall-backend', 'Firewall backend to use, iptables or nftables')),
  both(text('fixed-cidr', 'IPv4 subnet for the default bridge network')),
  both(text('fixed-cidr-v6', 'IPv6 subnet for the default bridge network')),
  both(text('group', 'Group of the unix socket', { short: 'G', default: 'docker' })),
  renamed(list('host', 'Daemon socket(s) to connect to', { short: 'H' }), 'hosts'),
  both(list('host-gateway-ip', 'IP addresses that "host-gateway" in --add-host resolves to')),
  { flag: text('http-proxy', 'HTTP proxy URL to use for outgoing traffic') },
  { flag: text('https-proxy', 'HTTPS proxy URL to use for outgoing traffic') },
  both(bool('icc', 'Enable inter-container communication for the default bridge network', { default: true })),
  both(bool('init', 'Run an init in the container to forward signals and reap processes')),
  both(text('init-path', 'Path to the init of containers')),
  renamed(list('insecure-registry', 'Registries spoken to without checks of TLS'), 'insecure-registries'),
  both(text('ip', 'Host IP for port publishing from the default bridge network', { default: '0.0.0.0' })),
  both(bool('ip-forward', 'Enable IP forwarding in system configuration', { default: true })),
  both(bool('ip-forward-no-drop', 'Do not set the filter-FORWARD policy to DROP when enabling IP forwarding'), {
    refused: NOT_YET,
  }),
  both(bool('ip-masq', 'Enable IP masquerading for the default bridge network', { default: true })),
  both(bool('ip6tables', 'Enable addition of firewall rules for IPv6', { default: true })),
  both(bool('iptables', 'Enable addition of firewall rules', { default: true })),
  both(bool('ipv6', 'Enable IPv6 networking for the default bridge network')),
  renamed(list('label', 'Set key=value labels to the daemon'), 'labels'),
  both(bool('live-restore', 'Containers run on while the daemon is not running')),
  both(text('log-driver', 'Default driver for container logs', { default: 'json-file' })),
  both(text('log-format', 'Set the logging format ("text"|"json")', { default: 'text' })),
  both(
    text('log-level', 'Set the logging level ("debug"|"info"|"warn"|"error"|"fatal")', { short: 'l', default: 'info' }),
  ),
  renamed(map('log-opt', 'Default log driver options for containers'), 'log-opts', { json: 'map' }),
  both(int('max-concurrent-downloads', 'Set the max concurrent downloads', { default: 3 })),
  both(int('max-concurrent-uploads', 'Set the max concurrent uploads', { default: 5 })),
  both(int('max-download-attempts', 'Set the max download attempts for each pull', { default: 5 })),
  both(text('metrics-addr', 'Set default address and port to serve the metrics api on'), {
    refused: 'this engine serves no metrics',
  }),
  { key: 'min-api-version' },
  both(int('mtu', 'Set the MTU of the default bridge network', { default: 1500 })),
  both(int('network-control-plane-mtu', 'Network Control plane MTU'), { refused: NO_SWARM }),
  both(bool('no-new-privileges', 'Set no-new-privileges by default for new containers')),
  { flag: text('no-proxy', 'Hosts for which the proxy is not used, separated by commas') },
  { key: 'node-generic-resources', json: 'objects', refused: NO_SWARM },
  both(int('oom-score-adjust', 'Set the oom_score_adj for the daemon')),
  both(text('pidfile', 'Path to use for daemon PID file', { short: 'p', default: '/run/skiff.pid' })),
  { key: 'proxies', json: 'map' },
  both(
    text('published-ports', "Whether the host's own firewall decides about published ports: docker or host-firewall", {
      default: 'docker',
    }),
  ),
  both(bool('raw-logs', 'Full timestamps without ANSI coloring')),
  renamed(list('registry-mirror', 'Registry mirror, asked before Docker Hub'), 'registry-mirrors'),
  renamed(
    list('restricted-host', 'Socket whose clients may do less: host=...,allow=read|all[,label=key=value][,group=...]'),
    'restricted-hosts',
    { json: 'objects' },
  ),
  { flag: bool('rootless', 'Enable rootless mode'), refused: 'this engine needs root' },
  both(text('seccomp-profile', 'Path to seccomp profile. Set to "unconfined" to disable the default seccomp profile')),
  both(bool('selinux-enabled', 'Enable selinux support'), { refused: 'this engine sets no SELinux labels' }),
  both(int('shutdown-timeout', 'Seconds that containers have to stop when the daemon does', { default: 15 })),
  both(text('storage-driver', 'Storage driver to use', { short: 's' })),
  renamed(list('storage-opt', 'Storage driver options'), 'storage-opts', {
    refused: 'its storage driver has no options',
  }),
  both(text('swarm-default-advertise-addr', 'Set default address or interface for swarm advertised address'), {
    refused: NO_SWARM,
  }),
  both(bool('tls', 'Use TLS; implied by --tlsverify')),
  both(text('tlscacert', 'Trust certs signed only by this CA')),
  both(text('tlscert', 'Path to TLS certificate file')),
  both(text('tlskey', 'Path to TLS key file')),
  both(bool('tlsverify', 'Use TLS and verify the remote')),
  both(bool('userland-proxy', 'Use a proxy for what the kernel cannot forward', { default: true })),
  both(text('userland-proxy-path', 'Path to the userland proxy binary'), {
    refused: 'this engine uses a port proxy of its own only',
  }),
  both(text('userns-remap', 'User/Group setting for user namespaces')),
  { flag: bool('validate', 'Validate daemon configuration and exit') },
  { flag: bool('version', 'Print version information and quit', { short: 'v' }) },
];

export const FLAGS: readonly Flag[] = DIRECTIVES.flatMap(({ flag }) => flag ?? []);
