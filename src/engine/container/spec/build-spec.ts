import type { ContainerConfig, HostConfig } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { IdMapRange } from '../../../lib/id-map.ts';
import type { SpecInput } from '../spec-input.ts';
import type { RunUserns } from '../user-namespace.ts';
import { planCapabilities } from './capabilities.ts';
import { withCdiDevices } from './cdi.ts';
import { planDevices } from './devices.ts';
import { withGpus } from './gpus.ts';
import type { HostFacts } from './host-facts.ts';
import { planMounts } from './mounts.ts';
import { planLimits, planResources } from './resources.ts';
import type { IdMapping, RuntimeSpec, SpecProcess } from './runtime-spec.ts';
import { resolveSeccomp } from './seccomp.ts';
import { parseSecurity, planAppArmor, type Security } from './security.ts';
import { lookUpUser } from './user.ts';

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The OCI runtime spec of a container. Pure. Errors: invalid_parameter or not_implemented for settings that cannot be met. */
export function buildSpec(input: SpecInput, facts: HostFacts): RuntimeSpec {
  const { config, hostConfig: host } = input;
  const security = parseSecurity(host.SecurityOpt ?? []);
  const user = lookUpUser(config.User ?? '', input.accounts, host.GroupAdd);
  const capabilities = planCapabilities(host, facts.capabilities);
  const { devices, rules } = planDevices(host, facts.devicesAt);
  const init = host.Init ? requireInit(facts) : undefined;
  const effective = user.uid === 0 ? capabilities : [];
  const ownUts = host.UTSMode !== 'host';
  const profile = planAppArmor(security, host.Privileged, facts.securityModules);
  const resources = (more: typeof rules) =>
    planResources(host, [...rules, ...more], facts.devicesAt, facts.cgroupVersion);
  const plain: RuntimeSpec = {
    ociVersion: '1.0.2',
    process: {
      terminal: config.Tty ?? false,
      ...consoleSize(config.Tty, host.ConsoleSize ?? []),
      user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
      args: [...(init ? ['/sbin/docker-init', '--'] : []), ...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
      env: environment(config, input.hostname, user.home),
      cwd: config.WorkingDir || '/',
      capabilities: { bounding: capabilities, effective, permitted: effective },
      rlimits: planLimits(host.Ulimits, facts.hardLimits),
      noNewPrivileges: security.noNewPrivileges ?? facts.noNewPrivileges ?? false,
      oomScoreAdj: host.OomScoreAdj ?? 0,
      ...(profile !== undefined && { apparmorProfile: profile }),
    },
    root: { path: input.rootfs, readonly: host.ReadonlyRootfs ?? false },
    ...(ownUts && { hostname: input.hostname }),
    ...(ownUts && config.Domainname && { domainname: config.Domainname }),
    mounts: planMounts(host, input.mounts, {
      init,
      writableCgroups: security.writableCgroups ?? host.Privileged ?? false,
      ownUserns: input.userns !== undefined,
    }),
    ...(host.Annotations && { annotations: host.Annotations }),
    linux: {
      namespaces: namespaces(input, facts),
      ...idMappings(input.userns),
      cgroupsPath: input.cgroupPath,
      resources: resources([]),
      devices,
      sysctl: sysctls(input),
      maskedPaths: host.MaskedPaths ?? [],
      readonlyPaths: host.ReadonlyPaths ?? [],
      ...(input.mounts.some(({ options }) => options.includes('rshared') || options.includes('shared')) && {
        rootfsPropagation: 'shared',
      }),
      ...seccomp(host, security.seccomp, capabilities, facts),
    },
  };
  const { spec, rules: more } = withCdiDevices(plain, host, facts);
  const made = more.length === 0 ? spec : { ...spec, linux: { ...spec.linux, resources: resources(more) } };
  return withGpus(made, host, facts.nvidiaHook);
}

function requireInit({ initPath }: HostFacts): string {
  if (initPath === undefined)
    throw new KnownError('system', 'the init program is not installed: run the build of monitor/');
  return initPath;
}

/** Docker's environment: PATH, HOSTNAME and HOME unless given, TERM for a terminal; later entries of the same name win. */
export function environment(
  config: Pick<ContainerConfig, 'Env' | 'Tty'>,
  hostname: string,
  home: string,
): readonly string[] {
  const given = (config.Env ?? []).filter((entry) => entry.includes('='));
  const defaults = [DEFAULT_PATH, `HOSTNAME=${hostname}`, ...(config.Tty ? ['TERM=xterm'] : []), `HOME=${home}`];
  const byName = new Map([...defaults, ...given].map((entry) => [entry.slice(0, entry.indexOf('=')), entry]));
  return [...byName.values()];
}

/** The runtime sets it before the process starts; the monitor's own comes when the process may have asked already. */
function consoleSize(
  tty: boolean | undefined,
  [height = 0, width = 0]: readonly number[],
): Pick<SpecProcess, 'consoleSize'> {
  return tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {};
}

function seccomp(
  host: HostConfig,
  wanted: Security['seccomp'],
  capabilities: readonly string[],
  facts: HostFacts,
): { readonly seccomp?: object } {
  if (wanted === 'unconfined' || (host.Privileged && wanted === 'default')) return {};
  const profile = wanted === 'default' ? facts.defaultSeccomp : wanted;
  if (profile === 'unconfined') return {};
  if (!profile)
    throw new KnownError(
      'system',
      'no default seccomp profile on this machine (package golang-github-containers-common); --security-opt seccomp=unconfined runs without one',
    );
  return { seccomp: resolveSeccomp(profile, capabilities, facts) };
}

function namespaces(
  { hostConfig: host, netnsPath, userns, joins }: SpecInput,
  facts: HostFacts,
): RuntimeSpec['linux']['namespaces'] {
  const own = (
    type: string,
    mode: string | undefined,
    pid: number | undefined,
  ): readonly { readonly type: string; readonly path?: string }[] =>
    mode === 'host' ? [] : pid === undefined ? [{ type }] : [{ type, path: `/proc/${pid}/ns/${type}` }];
  return [
    { type: 'mount' },
    ...(userns === undefined ? [] : [{ type: 'user', path: userns.path }]),
    ...(netnsPath === undefined ? [] : [{ type: 'network', path: netnsPath }]),
    ...own('uts', host.UTSMode, undefined),
    ...own('pid', host.PidMode, joins.pid),
    ...own('ipc', host.IpcMode, joins.ipc),
    ...(host.CgroupnsMode === 'private' || (facts.cgroupVersion === 2 && !host.CgroupnsMode)
      ? [{ type: 'cgroup' }]
      : []),
  ];
}

function idMappings(userns: RunUserns | undefined): Pick<RuntimeSpec['linux'], 'uidMappings' | 'gidMappings'> {
  if (!userns) return {};
  const format = (ranges: readonly IdMapRange[]): readonly IdMapping[] =>
    ranges.map(({ disk, seen, count }) => ({ containerID: disk, hostID: seen, size: count }));
  return { uidMappings: format(userns.map.uids), gidMappings: format(userns.map.gids) };
}

/**
 * Only namespaced settings; ports below 1024 and ping are open to everyone inside, as Docker has it. Ping is not in a user namespace: it has not all the
 * groups of the range.
 */
function sysctls({ hostConfig: host, netnsPath, userns }: SpecInput): Readonly<Record<string, string>> {
  const ownNetwork = netnsPath !== undefined && host.NetworkMode !== 'host';
  for (const name of Object.keys(host.Sysctls ?? {})) {
    const namespaced = name.startsWith('net.')
      ? ownNetwork
      : /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..+)$/.test(name) &&
        host.IpcMode !== 'host';
    if (!namespaced)
      throw new KnownError(
        'invalid_parameter',
        `sysctl '${name}' is not allowed: it is not of the container's own namespaces`,
      );
  }
  return {
    ...(ownNetwork && { 'net.ipv4.ip_unprivileged_port_start': '0' }),
    ...(ownNetwork && !userns && { 'net.ipv4.ping_group_range': '0 2147483647' }),
    ...host.Sysctls,
  };
}
