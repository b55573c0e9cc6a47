import type { Flags } from '../../../lib/flags/flag.ts';
import { parseUint } from '../../../lib/flags/number.ts';
import { cut, invalid } from '../../../lib/invalid.ts';
import { parseSize, parseSwap } from '../../../lib/size.ts';
import { mergeUlimits, parseUlimit } from '../../../lib/ulimit.ts';
import { parseCapabilities } from '../../parse/capability.ts';
import { parseCpus } from '../../parse/cpus.ts';
import { parseDevices, parseGpus, parseThrottleBps, parseThrottleIops, parseWeightDevice } from '../../parse/device.ts';
import { parseDuration } from '../../parse/duration.ts';
import { type Lookup, mergeEnv, parseEnv, parseKeyValueFile, toMap } from '../../parse/env.ts';
import { parseDnsSearch, parseDnsServer, parseExtraHost } from '../../parse/host.ts';
import { parseMount } from '../../parse/mount.ts';
import { networkMode, planEndpoints } from '../../parse/network.ts';
import { parsePorts } from '../../parse/port.ts';
import { parseRestartPolicy } from '../../parse/restart.ts';
import { parseSecret } from '../../parse/secret.ts';
import { parseSecurityOptions } from '../../parse/security.ts';
import { parseVolumes } from '../../parse/volume.ts';
import { publishLabels } from './publish-labels.ts';

/** What the options need of the machine the client runs on. */
export interface ClientSide {
  readonly lookup: Lookup;
  /** Content as text. Errors carry Go's text: `open x: no such file or directory`. */
  readonly readFile: (path: string) => string;
  readonly absolute: (path: string) => string;
  /** `HTTP_PROXY=...` and the like from config.json. */
  readonly proxies: readonly string[];
  /** Height and width of the terminal, zeros without one. */
  readonly consoleSize: readonly [number, number];
}

/** The body of POST /containers/create; the parts that run looks at are named, the rest only travels. */
export interface CreateBody {
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  readonly Tty: boolean;
  StdinOnce: boolean;
  readonly Image: string;
  readonly HostConfig: {
    readonly AutoRemove: boolean;
    readonly Dns: readonly string[];
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

/** Every key Docker's own client sends, in its order. Errors: invalid_parameter, not_implemented. */
export function createBody(flags: Flags, args: readonly string[], client: ClientSide): CreateBody {
  refuseUnsupported(flags);
  const [image = '', ...command] = args;
  const streams = flags.list('attach').map((name) => name.toLowerCase());
  const all = streams.length === 0;
  const stdin = flags.bool('interactive') || streams.includes('stdin');
  const ports = parsePorts(flags.list('publish'), flags.list('expose'));
  const volumes = parseVolumes(flags.list('volume'), client.absolute);
  const health = healthOf(flags);
  const labels = fileEntries(flags.list('label-file'), client, () => undefined);
  const exposed = Object.keys(ports.exposed).length > 0;
  return {
    Hostname: flags.text('hostname'),
    Domainname: flags.text('domainname'),
    User: flags.text('user'),
    AttachStdin: stdin,
    AttachStdout: all || streams.includes('stdout'),
    AttachStderr: all || streams.includes('stderr'),
    ...(exposed ? { ExposedPorts: ports.exposed } : {}),
    Tty: flags.bool('tty'),
    OpenStdin: flags.bool('interactive'),
    StdinOnce: flags.bool('interactive'),
    Env: orNull(envOf(flags, client)),
    Cmd: orNull(command),
    ...(health === undefined ? {} : { Healthcheck: health }),
    Image: image,
    Volumes: Object.fromEntries(volumes.anonymous.map((path) => [path, {}])),
    WorkingDir: flags.text('workdir'),
    Entrypoint: flags.given('entrypoint') ? [flags.text('entrypoint')] : null,
    OnBuild: null,
    Labels: toMap([...labels, ...flags.list('label'), ...publishLabels(flags.list('published-ports'))]),
    ...(flags.text('stop-signal') === '' ? {} : { StopSignal: flags.text('stop-signal') }),
    ...(flags.given('stop-timeout') ? { StopTimeout: flags.int('stop-timeout') } : {}),
    HostConfig: hostConfig(flags, client, ports.bindings, volumes.binds),
    NetworkingConfig: { EndpointsConfig: planEndpoints(networkOptions(flags)) },
  };
}

const WINDOWS_ONLY = ['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops'];

function refuseUnsupported(flags: Flags): void {
  const windows = WINDOWS_ONLY.find((name) => flags.given(name));
  if (windows !== undefined) {
    throw invalid(
      `"--${windows}" is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux`,
    );
  }
  if (!flags.bool('disable-content-trust')) throw invalid('content trust is not supported');
}

function hostConfig(
  flags: Flags,
  client: ClientSide,
  bindings: object,
  binds: readonly string[],
): CreateBody['HostConfig'] {
  const restart = parseRestartPolicy(flags.text('restart'));
  if (flags.bool('rm') && restart.Name !== '' && restart.Name !== 'no') {
    throw invalid('conflicting options: cannot specify both --restart and --rm');
  }
  const security = parseSecurityOptions(flags.list('security-opt'), client.readFile);
  const tmpfs = flags.list('tmpfs').map((text) => cut(text, ':'));
  const mounts = flags.list('mount').map((text) => parseMount(text, client.absolute));
  const sysctls = toMap(flags.list('sysctl'));
  return {
    Binds: orNull(binds),
    ContainerIDFile: flags.text('cidfile'),
    LogConfig: logConfig(flags),
    NetworkMode: networkMode(flags.list('network')),
    PortBindings: bindings,
    RestartPolicy: restart,
    AutoRemove: flags.bool('rm'),
    VolumeDriver: flags.text('volume-driver'),
    VolumesFrom: orNull(flags.list('volumes-from')),
    ConsoleSize: client.consoleSize,
    ...(flags.given('annotation') ? { Annotations: toMap(flags.list('annotation')) } : {}),
    CapAdd: orNull(parseCapabilities(flags.list('cap-add'))),
    CapDrop: orNull(parseCapabilities(flags.list('cap-drop'))),
    CgroupnsMode: modeOf(flags, 'cgroupns', 'CGROUP', /^(?:host|private)$/),
    Dns: flags.list('dns').map(parseDnsServer),
    DnsOptions: flags.list('dns-option'),
    DnsSearch: flags.list('dns-search').map(parseDnsSearch),
    ExtraHosts: orNull(flags.list('add-host').map(parseExtraHost)),
    GroupAdd: orNull(flags.list('group-add')),
    IpcMode: flags.text('ipc'),
    Cgroup: '',
    Links: orNull(flags.list('link')),
    OomScoreAdj: flags.int('oom-score-adj'),
    PidMode: modeOf(flags, 'pid', 'PID', /^(?:host|container:.+)$/),
    Privileged: flags.bool('privileged'),
    PublishAllPorts: flags.bool('publish-all'),
    ...(flags.given('secret') ? { LocalSecrets: flags.list('secret').map(parseSecret) } : {}),
    ReadonlyRootfs: flags.bool('read-only'),
    SecurityOpt: flags.given('security-opt') ? security.options : null,
    ...(flags.given('storage-opt') ? { StorageOpt: storageOptions(flags.list('storage-opt')) } : {}),
    ...(tmpfs.length === 0 ? {} : { Tmpfs: Object.fromEntries(tmpfs.map(([path, how]) => [path, how ?? ''])) }),
    UTSMode: modeOf(flags, 'uts', 'UTS', /^host$/),
    UsernsMode: modeOf(flags, 'userns', 'USER', /^host$/),
    ShmSize: sizeOf(flags, 'shm-size'),
    ...(Object.keys(sysctls).length === 0 ? {} : { Sysctls: sysctls }),
    ...(flags.text('runtime') === '' ? {} : { Runtime: flags.text('runtime') }),
    Isolation: flags.text('isolation'),
    ...resources(flags),
    ...(mounts.length === 0 ? {} : { Mounts: mounts }),
    MaskedPaths: security.unmasked ? [] : null,
    ReadonlyPaths: security.unmasked ? [] : null,
    ...(flags.given('init') ? { Init: flags.bool('init') } : {}),
  };
}

function resources(flags: Flags): object {
  const swappiness = flags.int('memory-swappiness');
  if (swappiness < -1 || swappiness > 100) {
    throw invalid(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  const devices = parseDevices(flags.list('device'));
  const requests = [
    ...flags.list('gpus').map(parseGpus),
    ...(devices.cdiNames.length === 0
      ? []
      : [{ Driver: 'cdi', Count: 0, DeviceIDs: devices.cdiNames, Capabilities: null, Options: null }]),
  ];
  return {
    CpuShares: flags.int('cpu-shares'),
    Memory: sizeOf(flags, 'memory'),
    NanoCpus: flags.text('cpus') === '' ? 0 : parseCpus(flags.text('cpus')),
    CgroupParent: flags.text('cgroup-parent'),
    BlkioWeight: flags.text('blkio-weight') === '' ? 0 : parseUint(flags.text('blkio-weight')),
    BlkioWeightDevice: flags.list('blkio-weight-device').map(parseWeightDevice),
    BlkioDeviceReadBps: flags.list('device-read-bps').map(parseThrottleBps),
    BlkioDeviceWriteBps: flags.list('device-write-bps').map(parseThrottleBps),
    BlkioDeviceReadIOps: flags.list('device-read-iops').map(parseThrottleIops),
    BlkioDeviceWriteIOps: flags.list('device-write-iops').map(parseThrottleIops),
    CpuPeriod: flags.int('cpu-period'),
    CpuQuota: flags.int('cpu-quota'),
    CpuRealtimePeriod: flags.int('cpu-rt-period'),
    CpuRealtimeRuntime: flags.int('cpu-rt-runtime'),
    CpusetCpus: flags.text('cpuset-cpus'),
    CpusetMems: flags.text('cpuset-mems'),
    Devices: devices.mappings,
    DeviceCgroupRules: orNull(flags.list('device-cgroup-rule')),
    DeviceRequests: orNull(requests),
    MemoryReservation: sizeOf(flags, 'memory-reservation'),
    MemorySwap: flags.text('memory-swap') === '' ? 0 : parseSwap(flags.text('memory-swap')),
    MemorySwappiness: swappiness,
    OomKillDisable: flags.bool('oom-kill-disable'),
    PidsLimit: flags.int('pids-limit'),
    Ulimits: mergeUlimits(flags.list('ulimit').map(parseUlimit)),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

function envOf(flags: Flags, client: ClientSide): readonly string[] {
  const fromFiles = fileEntries(flags.list('env-file'), client, client.lookup);
  const given = flags.list('env').map((text) => parseEnv(text, client.lookup));
  return mergeEnv([...client.proxies, ...fromFiles, ...given]);
}

function fileEntries(paths: readonly string[], client: ClientSide, lookup: Lookup): readonly string[] {
  return paths.flatMap((path) => parseKeyValueFile(client.readFile(path), path, lookup));
}

function healthOf(flags: Flags): object | undefined {
  const [interval, timeout, startPeriod, startInterval] = [
    'health-interval',
    'health-timeout',
    'health-start-period',
    'health-start-interval',
  ].map((name) => nanosOf(flags, name));
  const settings = {
    ...(flags.text('health-cmd') === '' ? {} : { Test: ['CMD-SHELL', flags.text('health-cmd')] }),
    ...(interval ? { Interval: interval } : {}),
    ...(timeout ? { Timeout: timeout } : {}),
    ...(startPeriod ? { StartPeriod: startPeriod } : {}),
    ...(startInterval ? { StartInterval: startInterval } : {}),
    ...(flags.int('health-retries') === 0 ? {} : { Retries: flags.int('health-retries') }),
  };
  const given = Object.keys(settings).length > 0;
  if (!flags.bool('no-healthcheck')) {
    if (flags.int('health-retries') < 0) throw invalid('--health-retries cannot be negative');
    return given ? settings : undefined;
  }
  if (given) throw invalid('--no-healthcheck conflicts with --health-* options');
  return { Test: ['NONE'] };
}

function nanosOf(flags: Flags, name: string): number {
  const nanos = flags.text(name) === '' ? 0 : parseDuration(flags.text(name));
  if (nanos < 0) throw invalid(`--${name} cannot be negative`);
  return nanos;
}

function logConfig(flags: Flags): object {
  const driver = flags.text('log-driver');
  const options = flags.list('log-opt');
  if (driver === 'none' && options.length > 0) throw invalid(`invalid logging opts for driver ${driver}`);
  return { Type: driver, Config: toMap(options) };
}

function storageOptions(given: readonly string[]): Record<string, string> {
  if (given.some((text) => !text.includes('='))) throw invalid('invalid storage option');
  return toMap(given);
}

function modeOf(flags: Flags, name: string, title: string, allowed: RegExp): string {
  const mode = flags.text(name);
  if (mode !== '' && !allowed.test(mode)) throw invalid(`--${name}: invalid ${title} mode`);
  return mode;
}

function sizeOf(flags: Flags, name: string): number {
  return flags.text(name) === '' ? 0 : parseSize(flags.text(name));
}

function networkOptions(flags: Flags): Parameters<typeof planEndpoints>[0] {
  return {
    networks: flags.list('network'),
    aliases: flags.list('network-alias'),
    links: flags.list('link'),
    ip: flags.text('ip'),
    ip6: flags.text('ip6'),
    mac: flags.text('mac-address'),
    linkLocalIps: flags.list('link-local-ip'),
  };
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}
