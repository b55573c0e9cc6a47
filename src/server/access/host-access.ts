/**
 * What the body of a container's creation asks of the machine beyond a container of its own, in words; undefined: nothing. Everything that
 * is not known to be harmless counts, so that a field which is added later is refused until somebody has thought of it.
 */
export function asksOfHost(hostConfig: Readonly<Record<string, unknown>>): string | undefined {
  for (const [field, value] of Object.entries(hostConfig)) {
    if (UNMASKED.has(field) ? value === null : isEmpty(value) || HARMLESS.has(field) || CHECKED.has(field)) continue;
    return field;
  }
  const modes = MODES.find((field) => !OWN_MODES.includes(textOf(hostConfig[field])));
  if (modes !== undefined) return `${modes} ${textOf(hostConfig[modes])}`;
  return badMount(hostConfig) ?? badSecurity(hostConfig);
}

/** An empty list takes the engine's own protection away. */
const UNMASKED = new Set(['MaskedPaths', 'ReadonlyPaths']);
/** Limits and settings that concern the container alone. */
const HARMLESS = new Set([
  'AutoRemove',
  'BlkioDeviceReadBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceWriteIOps',
  'BlkioWeight',
  'BlkioWeightDevice',
  'CapDrop',
  'ConsoleSize',
  'ContainerIDFile',
  'CpuCount',
  'CpuPercent',
  'CpuPeriod',
  'CpuQuota',
  'CpuShares',
  'CpusetCpus',
  'CpusetMems',
  'Dns',
  'DnsOptions',
  'DnsSearch',
  'ExtraHosts',
  'GroupAdd',
  'Init',
  'Isolation',
  'KernelMemory',
  'Memory',
  'MemoryReservation',
  'MemorySwap',
  'MemorySwappiness',
  'NanoCpus',
  'PidsLimit',
  'PortBindings',
  'PublishAllPorts',
  'ReadonlyRootfs',
  'RestartPolicy',
  'ShmSize',
  'Tmpfs',
  'Ulimits',
]);
/** Looked at below, or by who knows the other objects. */
const CHECKED = new Set([
  'Binds',
  'CgroupnsMode',
  'IpcMode',
  'LogConfig',
  'Mounts',
  'NetworkMode',
  'PidMode',
  'SecurityOpt',
  'UTSMode',
  'UsernsMode',
  'VolumesFrom',
]);
const MODES = ['CgroupnsMode', 'IpcMode', 'PidMode', 'UTSMode', 'UsernsMode'];
const OWN_MODES = ['', 'private', 'none', 'shareable', 'default'];

function badMount({ Binds, Mounts }: Readonly<Record<string, unknown>>): string | undefined {
  for (const bind of listOf(Binds)) if (!/^[a-zA-Z0-9]/.test(textOf(bind))) return `the bind ${textOf(bind)}`;
  for (const mount of listOf(Mounts)) {
    const { Type, VolumeOptions } = (mount ?? {}) as Readonly<Record<string, unknown>>;
    if (Type !== 'volume' && Type !== 'tmpfs') return `a mount of type ${textOf(Type)}`;
    if (!isEmpty((VolumeOptions as Record<string, unknown> | undefined)?.['DriverConfig'])) return 'a volume driver';
  }
  return undefined;
}

function badSecurity({ SecurityOpt, LogConfig }: Readonly<Record<string, unknown>>): string | undefined {
  const option = listOf(SecurityOpt).find((one) => !/^no-new-privileges(?:[:=]true)?$/.test(textOf(one)));
  if (option !== undefined) return `the security option ${textOf(option)}`;
  const driver = textOf((LogConfig as Record<string, unknown> | undefined)?.['Type']);
  return ['', 'json-file', 'local', 'none'].includes(driver) ? undefined : `the log driver ${driver}`;
}

/** Volumes by name that a body mounts. */
export function namedVolumes({ Binds, Mounts }: Readonly<Record<string, unknown>>): readonly string[] {
  return [
    ...listOf(Binds).map((bind) => textOf(bind).split(':', 1)[0] ?? ''),
    ...listOf(Mounts).map((mount) => textOf((mount as Record<string, unknown> | null)?.['Source'])),
  ].filter((name) => name !== '');
}

/** Containers whose volumes a body takes. */
export function volumesFrom({ VolumesFrom }: Readonly<Record<string, unknown>>): readonly string[] {
  return listOf(VolumesFrom).map((one) => textOf(one).split(':', 1)[0] ?? '');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
