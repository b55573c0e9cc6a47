import { isIP } from 'node:net';
import type { ContainerConfig, HostConfig } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import { planPorts } from '../network/port-plan.ts';
import { publishPolicy } from '../network/publish-policy.ts';
import { invalid } from './errors.ts';
import { validateHealth } from './health/health-config.ts';
import { parseLink } from './links.ts';
import { planSecrets } from './secrets.ts';
import { parseSignal } from './signal.ts';
import { checkCapabilities } from './spec/capabilities.ts';
import { cdiNames } from './spec/cdi.ts';
import { planLimits } from './spec/resources.ts';
import { parseSecurity } from './spec/security.ts';

const MEMORY_MIN_BYTES = 6 * 1024 * 1024;
const HOSTNAME_MAX_BYTES = 64;

/** Checks a merged config. Errors: invalid_parameter in Docker's words; not_implemented for what this engine does not do. */
export function validateConfig(config: ContainerConfig): void {
  if ((config.Entrypoint?.length ?? 0) + (config.Cmd?.length ?? 0) === 0) throw invalid('no command specified');
  if (config.WorkingDir && !config.WorkingDir.startsWith('/'))
    throw invalid(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  if (config.Hostname && !isHostname(config.Hostname)) throw invalid(`invalid hostname: ${config.Hostname}`);
  for (const entry of config.Env ?? [])
    if (entry === '' || entry.startsWith('=')) throw invalid(`invalid environment variable: ${entry}`);
  if (config.StopSignal) parseSignal(config.StopSignal);
  if (config.MacAddress && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(config.MacAddress))
    throw invalid(`invalid MAC address: ${config.MacAddress.slice(0, 50)}`);
  for (const port of Object.keys(config.ExposedPorts ?? {})) validatePort(port);
  validateHealth(config);
}

function isHostname(name: string): boolean {
  return Buffer.byteLength(name) <= HOSTNAME_MAX_BYTES && /^[a-zA-Z0-9_.-]+$/.test(name);
}

function validatePort(port: string): void {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?(?:\/(?:tcp|udp|sctp))?$/.exec(port) ?? [];
  const good = first !== undefined && Number(first) >= 1 && Number(last) >= Number(first) && Number(last) <= 65535;
  if (!good) throw invalid(`invalid port specification: "${port}"`);
}

/** What the machine has to give. */
export interface Machine {
  readonly cpus: number;
  readonly memoryNodes: number;
  /** The kernel has budgets for the real-time scheduler. */
  readonly cpuRealtime: boolean;
}

/** Checks the host side. Errors as validateConfig. */
export function validateHostConfig(host: HostConfig, config: ContainerConfig, machine: Machine): void {
  validateRestart(host);
  checkCapabilities(host);
  validateMemory(host);
  validateCpu(host, machine);
  validateNetworkMode(host, config);
  validateModes(host);
  between('OomScoreAdj', host.OomScoreAdj, -1000, 1000, 'Invalid value %, range for oom score adj is [-1000, 1000]');
  between('BlkioWeight', host.BlkioWeight || 10, 10, 1000, 'Range of blkio weight is from 10 to 1000');
  if ((host.ShmSize ?? 0) < 0) throw invalid('SHM size can not be less than 0');
  for (const link of host.Links ?? []) parseLink(link);
  for (const port of Object.keys(host.PortBindings ?? {})) validatePort(port);
  planPorts(host.PortBindings ?? {}, [], false, undefined, publishPolicy(config.Labels ?? {}, 'docker'));
  parseSecurity(host.SecurityOpt ?? []);
  planLimits(host.Ulimits, {});
  validateNames(host);
  if (Object.hasOwn(host.Annotations ?? {}, ''))
    throw invalid('invalid Annotations: the empty string is not permitted as an annotation key');
  planSecrets(host);
  refuseUnsupported(host);
}

/** What is written into hosts and resolv.conf. */
function validateNames(host: HostConfig): void {
  for (const ip of host.Dns ?? []) if (isIP(ip) === 0) throw invalid(`ParseAddr("${ip}"): unable to parse IP`);
  for (const word of [...(host.DnsSearch ?? []), ...(host.DnsOptions ?? [])])
    if (word === '' || /[\s\0]/.test(word))
      throw invalid(`invalid DNS search domain or option: ${JSON.stringify(word)}`);
  for (const entry of host.ExtraHosts ?? []) {
    const [, name = '', ip = ''] = /^([^:=]+)[:=](.*)$/s.exec(entry) ?? [];
    if (name === '' || /[\s\0]/.test(name)) throw invalid(`bad format for add-host: "${entry}"`);
    if (ip !== 'host-gateway' && isIP(ip.replace(/^\[(.*)\]$/, '$1')) === 0)
      throw invalid(`invalid IP address in add-host: "${ip}"`);
  }
}

function validateRestart(host: HostConfig): void {
  const { Name: name = '', MaximumRetryCount: most = 0 } = host.RestartPolicy ?? {};
  if (!['', 'no', 'always', 'unless-stopped', 'on-failure'].includes(name))
    throw invalid(
      `invalid restart policy: unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  if (name !== 'on-failure' && most !== 0)
    throw invalid(
      `invalid restart policy: maximum retry count can only be used with 'on-failure'${most < 0 ? ' and cannot be negative' : ''}`,
    );
  if (most < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
  if (host.AutoRemove && name !== '' && name !== 'no')
    throw invalid("can't create 'AutoRemove' container with restart policy");
}

function validateMemory(host: HostConfig): void {
  const memory = host.Memory ?? 0;
  const swap = host.MemorySwap ?? 0;
  const reservation = host.MemoryReservation ?? 0;
  if (memory !== 0 && memory < MEMORY_MIN_BYTES) throw invalid('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory)
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (memory === 0 && swap > 0)
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  const swappiness = host.MemorySwappiness ?? -1;
  if (swappiness < -1 || swappiness > 100)
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  if (reservation > 0 && reservation < MEMORY_MIN_BYTES) throw invalid('Minimum memory reservation allowed is 6MB');
  if (memory > 0 && reservation > memory)
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
}

function validateCpu(host: HostConfig, { cpus, memoryNodes, cpuRealtime }: Machine): void {
  const nano = host.NanoCpus ?? 0;
  const period = host.CpuPeriod ?? 0;
  const quota = host.CpuQuota ?? 0;
  if (nano > 0 && period > 0) throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nano > 0 && quota > 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (nano < 0 || nano > cpus * 1e9)
    throw invalid(`range of CPUs is from 0.01 to ${cpus.toFixed(2)}, as there are only ${cpus} CPUs available`);
  if (period !== 0 && (period < 1000 || period > 1_000_000))
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (quota > 0 && quota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if ((host.CpuShares ?? 0) < 0) throw invalid('shares: invalid argument');
  validateRealtime(host, cpuRealtime);
  if (host.CpusetCpus) validateCpuset('CPUs', host.CpusetCpus, cpus);
  if (host.CpusetMems) validateCpuset('memory nodes', host.CpusetMems, memoryNodes);
}

function validateRealtime(host: HostConfig, possible: boolean): void {
  const { CpuRealtimePeriod: period = 0, CpuRealtimeRuntime: runtime = 0 } = host;
  if (period === 0 && runtime === 0) return;
  if (!possible) throw invalid('kernel does not support CPU real-time scheduler');
  if (period !== 0 && runtime > period)
    throw invalid('cpu real-time runtime cannot be higher than cpu real-time period');
}

/** `0-2,4`: within what this machine has. */
function validateCpuset(what: 'CPUs' | 'memory nodes', text: string, count: number): void {
  for (const part of text.split(',')) {
    const [, first, last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first))
      throw invalid(`invalid value ${text} for cpuset ${what === 'CPUs' ? 'cpus' : 'mems'}`);
    if (Number(last) >= count)
      throw invalid(
        `requested ${what} are not available - requested ${text}, available: ${count === 1 ? '0' : `0-${count - 1}`}`,
      );
  }
}

function validateNetworkMode(host: HostConfig, config: ContainerConfig): void {
  const mode = host.NetworkMode ?? '';
  if (host.UTSMode === 'host' && config.Hostname) throw invalid('conflicting options: hostname and the UTS mode');
  if (mode === 'host' && host.Links?.length)
    throw invalid(
      "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
    );
  if (!mode.startsWith('container:')) return;
  const clash = (what: string): KnownError => invalid(`conflicting options: ${what} and the network mode`);
  if (config.Hostname) throw clash('hostname');
  if (host.Links?.length)
    throw invalid(
      "conflicting options: container type network can't be used with links. This would result in undefined behavior",
    );
  if (host.Dns?.length) throw clash('dns');
  if (host.ExtraHosts?.length) throw invalid('conflicting options: custom host-to-IP mapping and the network mode');
  if (Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts)
    throw invalid('conflicting options: port publishing and the container type network mode');
  if (Object.keys(config.ExposedPorts ?? {}).length > 0)
    throw invalid('conflicting options: port exposing and the container type network mode');
}

function validateModes(host: HostConfig): void {
  const check = (name: string, mode: string | undefined, words: readonly string[], joins: boolean): void => {
    if (!mode || words.includes(mode) || (joins && /^container:./.test(mode))) return;
    throw invalid(`invalid ${name}: ${mode.slice(0, 100)}`);
  };
  check('IPC mode', host.IpcMode, ['none', 'private', 'shareable', 'host'], true);
  check('PID mode', host.PidMode, ['host'], true);
  check('UTS mode', host.UTSMode, ['host'], false);
  check('user namespace mode', host.UsernsMode, ['host'], false);
  check('cgroup namespace mode', host.CgroupnsMode, ['host', 'private'], false);
}

function between(_name: string, value: number | undefined, low: number, high: number, text: string): void {
  if (value !== undefined && (value < low || value > high)) throw invalid(text.replace('%', String(value)));
}

function refuseUnsupported(host: HostConfig): void {
  cdiNames(host);
  if (host.IOMaximumBandwidth || host.IOMaximumIOps)
    throw invalid('invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps');
  if (host.Isolation && host.Isolation !== 'default')
    throw invalid(`invalid isolation: ${JSON.stringify(host.Isolation)} - linux only supports 'default'`);
  if (host.Cgroup)
    throw new KnownError('not_implemented', `cgroup mode ${host.Cgroup.slice(0, 100)} is not implemented`);
  for (const name of Object.keys(host.StorageOpt ?? {})) {
    if (name !== 'size') throw invalid(`unknown option ${name.slice(0, 100)}`);
    throw new KnownError('system', "--storage-opt is supported only for overlay over xfs with 'pquota' mount option");
  }
}
