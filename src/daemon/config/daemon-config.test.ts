import { describe, expect, test } from 'bun:test';
import { type DaemonConfig, resolveConfig } from './daemon-config.ts';
import { DIRECTIVES } from './directives.ts';
import { type JsonValue, joinSettings, parseCommandLine, parseConfigFile } from './settings.ts';

const byFlags = (...argv: readonly string[]): DaemonConfig => resolveConfig(parseCommandLine(argv).settings);
const byFile = (file: object): DaemonConfig => resolveConfig(parseConfigFile(JSON.stringify(file)));

describe('a flag and its key in daemon.json say the same', () => {
  test.each([
    [['-D'], { debug: true }],
    [['-l', 'warn'], { 'log-level': 'warn' }],
    [['-H', 'tcp://127.0.0.1:1', '-H', 'fd://'], { hosts: ['tcp://127.0.0.1:1', 'fd://'] }],
    [['--data-root', '/d/'], { 'data-root': '/d' }],
    [['--label', 'a=b', '--label=c='], { labels: ['a=b', 'c='] }],
    [['--log-driver', 'json-file', '--log-opt', 'max-size=1m'], { 'log-opts': { 'max-size': '1m' } }],
    [
      ['--default-ulimit', 'nofile=1:2', '--default-ulimit', 'core=0'],
      { 'default-ulimits': { nofile: { Name: 'nofile', Soft: 1, Hard: 2 }, core: { Soft: 0 } } },
    ],
    [['--add-runtime', 'mine=/x/y'], { runtimes: { mine: { path: '/x/y' } } }],
    [['--default-shm-size', '1g'], { 'default-shm-size': '1GiB' }],
    [['--insecure-registry', 'x:1'], { 'insecure-registries': ['x:1'] }],
    [
      ['--default-address-pool', 'base=10.0.0.0/16,size=24'],
      { 'default-address-pools': [{ base: '10.0.0.0/16', size: 24 }] },
    ],
    [
      ['--default-network-opt', 'bridge=a.b=1=2', '--default-network-opt', 'bridge=c=3'],
      { 'default-network-opts': { bridge: { 'a.b': '1=2', c: '3' } } },
    ],
    [['--shutdown-timeout=-1'], { 'shutdown-timeout': -1 }],
    [['--exec-opt', 'native.cgroupdriver=cgroupfs'], { 'exec-opts': ['native.cgroupdriver=cgroupfs'] }],
    [['--tlsverify', '--tlscert', '/c'], { tlsverify: true, tlscert: '/c' }],
  ])('%p', (argv, file) => {
    expect(byFlags(...argv)).toEqual(byFile(file));
  });
});

/** Something else than the default for every directive. */
const OTHER: Readonly<Record<string, JsonValue>> = {
  builder: { gc: { enabled: false } },
  proxies: { 'no-proxy': 'x' },
  'min-api-version': '1.30',
  'restricted-hosts': [{ host: 'unix:///x', allow: 'read' }],
  bridge: 'x0',
  bip: '10.1.1.1/24',
  bip6: 'fd00::1/64',
  'fixed-cidr': '10.1.1.0/25',
  'fixed-cidr-v6': 'fd00::/80',
  ip: '127.0.0.1',
  'default-address-pools': [{ base: '10.0.0.0/16', size: 24 }],
  'default-gateway': '10.1.1.9',
  'default-gateway-v6': 'fd00::9',
  'default-network-opts': { bridge: { a: 'b' } },
  'cgroup-parent': '/y',
  'data-root': '/y',
  'default-cgroupns-mode': 'private',
  'default-ipc-mode': 'shareable',
  'default-runtime': 'runc',
  'default-shm-size': '1m',
  'default-ulimits': { nofile: { Soft: 1 } },
  dns: ['10.0.0.1'],
  'exec-opts': ['native.cgroupdriver=systemd'],
  'firewall-backend': 'iptables',
  'log-driver': 'none',
  'log-format': 'json',
  'log-level': 'warn',
  'log-opts': { 'max-size': '1m' },
  labels: ['a=b'],
  'registry-mirrors': ['http://m'],
  runtimes: { mine: { path: '/x' } },
  'storage-driver': 'vfs',
};
const ALIKE: Readonly<Record<string, string>> = {
  tlscacert: 'only with tlsverify',
  tlscert: 'only with tls',
  tlskey: 'only with tls',
  'raw-logs': 'the log has no colours',
};

test('every directive changes the configuration or is refused: none is read and forgotten', () => {
  const forgotten = DIRECTIVES.flatMap(({ key, flag, json }) => {
    const name = key ?? flag?.name ?? '';
    if (key === undefined || ALIKE[name] !== undefined) return [];
    const value = OTHER[name] ?? otherThan(json ?? flag?.kind ?? 'string', flag?.default);
    try {
      const before = JSON.stringify(byFile({}));
      return JSON.stringify(resolveConfig(new Map([[name, value]]))) === before ? [name] : [];
    } catch {
      return [];
    }
  });
  expect(forgotten).toEqual([]);
});

function otherThan(kind: string, value: unknown): JsonValue {
  switch (kind) {
    case 'bool':
      return value !== true;
    case 'int':
      return Number(value ?? 0) + 1;
    case 'list':
      return ['x'];
    case 'map':
    case 'object':
      return { x: 'y' };
    case 'objects':
      return [{ x: 'y' }];
    default:
      return 'x';
  }
}

describe('refused', () => {
  test.each([
    [{ 'cpu-rt-runtime': 5, 'cpu-rt-period': 2 }, 'cpu-rt-runtime cannot be higher than cpu-rt-period'],
    [{ 'cpu-rt-period': -1 }, 'cpu-rt-period and cpu-rt-runtime cannot be negative'],
    [{ foo: 1, bar: 2 }, "the following directives don't match any configuration option: bar, foo"],
    [{ debug: 'yes' }, 'debug must be true or false'],
    [{ hosts: 'x' }, 'hosts must be a list of strings'],
    [{ 'log-opts': { a: 1 } }, 'log-opts must be an object of strings'],
    [{ 'log-level': 'loud' }, 'invalid logging level: loud'],
    [{ 'default-runtime': 'nope' }, "specified default runtime 'nope' does not exist"],
    [{ runtimes: { crun: { path: '/x' } } }, "runtime name 'crun' is reserved"],
    [{ runtimes: { kata: { runtimeType: 'io.containerd.kata.v2' } } }, "runtime 'kata': runtimeType is not supported"],
    [{ labels: ['x'] }, 'bad attribute format: x'],
    [{ 'selinux-enabled': true }, '--selinux-enabled is not supported: this engine sets no SELinux labels'],
    [{ 'node-generic-resources': [{ x: 'y' }] }, 'node-generic-resources is not supported: this engine is no swarm'],
    [{ 'storage-driver': 'btrfs' }, 'storage-driver "btrfs" is not supported: this engine has overlay2 and overlayfs'],
    [{ 'exec-opts': ['native.cgroupdriver=systemd'] }, 'exec-opt "native.cgroupdriver=systemd" is not supported'],
    [{ 'default-shm-size': '-1' }, "invalid size: '-1'"],
    [{ 'max-concurrent-downloads': 0 }, 'invalid value for max-concurrent-downloads: 0'],
    [{ 'default-address-pools': [{ base: '10.0.0.0/16', size: 8 }] }, 'invalid default address pool: {"base"'],
    [{ 'default-gateway': 'fd00::1' }, 'invalid default-gateway: fd00::1'],
    [{ 'default-network-opts': { bridge: 'x' } }, 'default-network-opts: bridge must be an object'],
    [{ 'default-network-opts': { bridge: { a: 1 } } }, 'default-network-opts: bridge: a must be a string'],
    [{ mtu: 5 }, 'invalid MTU: 5'],
    [{ 'min-api-version': '1.12' }, 'invalid min-api-version: 1.12'],
    [{ builder: { entitlements: {} } }, 'builder.entitlements is not supported'],
    [{ builder: { gc: { policy: [{ filter: ['id=x'] }] } } }, 'builder.gc.policy: filter id is not supported'],
    [{ 'restricted-hosts': [{ host: 'unix:///x' }] }, 'unix:///x: allow must be read or all'],
    [{ 'restricted-hosts': [{ host: 'unix:///x', allow: 'all', lable: 'x' }] }, 'unknown key lable'],
    [{ 'data-root': 'x' }, "the daemon's roots must be absolute paths: x"],
  ])('%p', (file, message) => {
    expect(() => byFile(file)).toThrow(message);
  });

  test('what asks for nothing is no reason', () => {
    expect(byFile({ 'selinux-enabled': false, 'storage-opts': [], 'metrics-addr': '', 'userns-remap': '' })).toEqual(
      byFile({}),
    );
  });

  test('no JSON, and JSON that is no object', () => {
    expect(() => parseConfigFile('{')).toThrow('invalid JSON');
    expect(() => parseConfigFile('[]')).toThrow('invalid JSON: no object');
    expect(parseConfigFile('  ').size).toBe(0);
  });

  test('a setting in both places', () => {
    const flags = parseCommandLine(['-l', 'debug', '--label', 'a=b']).settings;
    expect(() => joinSettings(flags, parseConfigFile('{"log-level": "info", "labels": ["c=d"]}'))).toThrow(
      'the following directives are specified both as a flag and in the configuration file: labels: (from flag: ["a=b"], from file: ["c=d"]), log-level: (from flag: debug, from file: info)',
    );
  });

  test('arguments and unknown flags', () => {
    expect(() => parseCommandLine(['run'])).toThrow('"dockerd" accepts no arguments: "run"');
    expect(() => parseCommandLine(['--nope'])).toThrow('unknown flag: --nope');
  });
});

test('builder.gc: sizes, rules of the user, or none', () => {
  expect(byFile({ builder: { gc: { defaultKeepStorage: '20GB' } } }).builderGc).toEqual({
    kind: 'default',
    settings: { reservedBytes: 20 * 2 ** 30 },
  });
  const rule = { keepStorage: '1GB', filter: ['unused-for=1h30m', 'type=exec.cachemount'], all: true };
  expect(byFile({ builder: { gc: { policy: [rule] } } }).builderGc).toEqual({
    kind: 'policy',
    rules: [
      {
        types: ['exec.cachemount'],
        unusedMs: 5_400_000,
        all: true,
        space: { reservedBytes: 2 ** 30, maxUsedBytes: 0, minFreeBytes: 0 },
      },
    ],
  });
  expect(byFile({ builder: { gc: { enabled: false } } }).builderGc).toEqual({ kind: 'off' });
});

test('proxies by flags and by file, never in both, shown without passwords', () => {
  expect(byFlags('--http-proxy', 'http://p:1').proxies).toEqual({ HTTP_PROXY: 'http://p:1' });
  expect(byFile({ proxies: { 'https-proxy': 'http://p:1', 'no-proxy': 'a,b' } }).proxies).toEqual({
    HTTPS_PROXY: 'http://p:1',
    NO_PROXY: 'a,b',
  });
  const flags = parseCommandLine(['--http-proxy', 'http://me:secret@p']).settings;
  const file = parseConfigFile('{"proxies": {"http-proxy": "http://q"}}');
  const both = (): unknown => resolveConfig(joinSettings(flags, file));
  expect(both).toThrow('http-proxy: (from flag: http://xxxxx:xxxxx@p, from file: http://q)');
  expect(() => byFile({ proxies: { ftp: 'x' } })).toThrow('proxies: unknown key ftp');
  expect(() => byFlags('--https-proxy', 'p')).toThrow('invalid value for https-proxy: "p"');
});

test('restricted hosts by flag and by file', () => {
  expect(byFlags('--restricted-host', 'host=unix:///x,allow=all,label=a=b,group=g').restrictedHosts).toEqual(
    byFile({ 'restricted-hosts': [{ host: 'unix:///x', allow: 'all', label: 'a=b', group: 'g' }] }).restrictedHosts,
  );
});

describe('registry-mirrors', () => {
  test('are shown with a slash at their end', () => {
    const argv = ['--registry-mirror', 'http://m.example:5000', '--registry-mirror=https://n.example/'];
    expect(byFlags(...argv).registryMirrors).toEqual(['http://m.example:5000/', 'https://n.example/']);
    expect(byFlags().registryMirrors).toEqual([]);
  });

  test.each(['m.example', 'ftp://m', 'http://m/path', 'http://m/?q', 'http://me:s3cret@m'])(
    '%s is refused',
    (address) => {
      expect(() => byFlags('--registry-mirror', address)).toThrow('invalid mirror');
      expect(() => byFlags('--registry-mirror', address)).not.toThrow('s3cret');
    },
  );
});
