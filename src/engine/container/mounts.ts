import { posix } from 'node:path';
import type { ContainerConfig, HostConfig, Mount } from '../../api/types/container.ts';
import { type KnownError, messageOf } from '../../lib/errors.ts';
import type { MountRecord, VolumeMount } from '../../store/record/container-records.ts';
import { invalid } from './errors.ts';
import { checkMount, checkPath } from './mount-check.ts';
import { parseIdMapping, parseMode } from './mount-mode.ts';
import { formatTmpfsSize } from './tmpfs-options.ts';

/** A volume mount whose volume has no name yet: create gives it one. */
const UNNAMED = '';

/** What `-v` volumes without a mode are shown with. */
const DEFAULT_MODE = 'z';

/**
 * Every mount of a container, from all five places a request can name them. `from` are the mounts of the containers in
 * VolumesFrom. Anonymous volumes have an empty name. Errors: invalid_parameter in Docker's words.
 */
export function planMounts(
  host: HostConfig,
  config: ContainerConfig,
  from: readonly { readonly mounts: readonly MountRecord[]; readonly readOnly: boolean }[],
): readonly MountRecord[] {
  const planned = new Map<string, MountRecord>();
  for (const { mounts, readOnly } of from)
    for (const mount of mounts)
      if (mount.kind !== 'tmpfs' || mount.listed) planned.set(mount.destination, inherit(mount, readOnly));
  const driver = host.VolumeDriver || 'local';
  const mounts = (host.Mounts ?? []).map(parseMount);
  // As with Docker a tmpfs of Mounts lies on top of one of Tmpfs.
  const covered = new Set(mounts.flatMap(({ kind, destination }) => (kind === 'tmpfs' ? [destination] : [])));
  const explicit = [
    ...(host.Binds ?? []).map((text) => parseBind(text, driver)),
    ...mounts,
    ...Object.entries(host.Tmpfs ?? {})
      .map(([destination, options]) => parseTmpfs(destination, options))
      .filter(({ destination }) => !covered.has(destination)),
  ];
  const seen = new Set<string>();
  for (const mount of explicit) {
    if (seen.has(mount.destination)) throw invalid(`Duplicate mount point: ${mount.destination}`);
    seen.add(mount.destination);
    planned.set(mount.destination, mount);
  }
  for (const path of Object.keys(config.Volumes ?? {})) {
    const destination = cleanDestination(posix.join('/', path));
    if (destination === '/') throw invalid("invalid specification: destination can't be '/'");
    if (!planned.has(destination)) planned.set(destination, imageVolume(destination, driver));
  }
  return [...planned.values()];
}

/** A mount of a container in VolumesFrom: read-only when it was, or when the request says so; never filled again. */
function inherit(mount: MountRecord, readOnly: boolean): MountRecord {
  const base = { mode: '', readOnly: mount.readOnly || readOnly };
  if (mount.kind === 'volume') return { ...mount, ...base, anonymous: false, copyUp: false };
  if (mount.kind === 'tmpfs' && readOnly) return { ...mount, ...base, options: [...mount.options, 'ro'] };
  return { ...mount, ...base };
}

function imageVolume(destination: string, driver: string): VolumeMount {
  return {
    kind: 'volume',
    destination,
    name: UNNAMED,
    driver,
    readOnly: false,
    mode: '',
    anonymous: true,
    copyUp: true,
  };
}

/** `name`, `name:ro`. Errors: invalid_parameter. */
export function parseVolumesFrom(spec: string): { readonly container: string; readonly readOnly: boolean } {
  if (spec === '') throw invalid('volumes-from specification cannot be an empty string');
  const at = spec.indexOf(':');
  const container = at === -1 ? spec : spec.slice(0, at);
  const text = at === -1 ? '' : spec.slice(at + 1);
  const mode = parseMode(text);
  if (!mode || mode.propagation !== undefined || mode.noCopy || mode.idMapping) throw invalid(`invalid mode: ${text}`);
  if (container === '') throw invalid('invalid name or ID supplied: ""');
  return { container, readOnly: mode.readOnly };
}

/** `[source:]destination[:mode]`: an absolute source is bound, another is a volume's name, none makes an anonymous volume. */
export function parseBind(text: string, driver = 'local'): MountRecord {
  const refuse = (reason = ''): KnownError => invalid(`invalid volume specification: '${text}'${reason}`);
  const parts = text.split(':');
  const [first = '', second, third = ''] = parts;
  if (first === '' || parts.length > 3 || (parts.length === 2 && parseMode(second ?? '') !== undefined)) throw refuse();
  const mode = parseMode(third);
  if (!mode) throw invalid(`invalid mode: ${third}`);
  const isBind = second !== undefined && first.startsWith('/');
  const mount: Mount = {
    Type: isBind ? 'bind' : 'volume',
    Target: second ?? first,
    ...(second !== undefined && { Source: first }),
    ReadOnly: mode.readOnly,
    ...(mode.propagation !== undefined && { BindOptions: { Propagation: mode.propagation as 'rprivate' } }),
    ...((mode.noCopy || (!isBind && driver !== 'local')) && {
      VolumeOptions: { NoCopy: mode.noCopy, DriverConfig: { Name: driver } },
    }),
  };
  try {
    checkMount(mount);
  } catch (error) {
    throw refuse(`: ${messageOf(error)}`);
  }
  const record = toRecord(mount);
  const idMapping = mode.idMapping && { idMapping: mode.idMapping };
  if (record.kind === 'bind') return { ...record, mode: third, createSource: true, ...idMapping };
  return { ...record, mode: third || DEFAULT_MODE, ...idMapping };
}

/** An entry of HostConfig.Mounts. Errors: invalid_parameter; whether the source of a bind exists is not looked at. */
export function parseMount(mount: Mount): MountRecord {
  checkMount(mount);
  return toRecord(mount);
}

function toRecord(mount: Mount): MountRecord {
  const base = { destination: cleanDestination(mount.Target ?? ''), readOnly: mount.ReadOnly ?? false, mode: '' };
  switch (mount.Type) {
    case 'bind': {
      const options = mount.BindOptions ?? {};
      const { NonRecursive: nonRecursive = false, ReadOnlyNonRecursive: writableBelow = false, IDMap } = options;
      return {
        ...base,
        kind: 'bind',
        source: posix.normalize(mount.Source ?? '').replace(/(.)\/$/, '$1'),
        propagation: options.Propagation || '',
        createSource: options.CreateMountpoint ?? false,
        nonRecursive,
        recursiveReadOnly: base.readOnly && !nonRecursive && !writableBelow,
        ...(IDMap && { idMapping: parseIdMapping(IDMap) }),
      };
    }
    case 'image': {
      const subpath = mount.ImageOptions?.Subpath;
      return { ...base, kind: 'image', source: mount.Source ?? '', chain: undefined, ...(subpath && { subpath }) };
    }
    case 'tmpfs':
      return { ...base, kind: 'tmpfs', listed: true, options: tmpfsOptions(mount) };
    default: {
      const options = mount.VolumeOptions ?? {};
      return {
        ...base,
        kind: 'volume',
        mode: DEFAULT_MODE,
        name: mount.Source ?? UNNAMED,
        driver: options.DriverConfig?.Name || 'local',
        anonymous: !mount.Source,
        copyUp: !options.NoCopy,
        ...(options.Subpath && { subpath: options.Subpath }),
      };
    }
  }
}

function tmpfsOptions({ ReadOnly, TmpfsOptions }: Mount): readonly string[] {
  const { SizeBytes: size, Mode: mode, Options: extra } = TmpfsOptions ?? {};
  return [
    ...(ReadOnly ? ['ro'] : []),
    ...(mode ? [`mode=${mode.toString(8)}`] : []),
    ...(size ? [`size=${formatTmpfsSize(size)}`] : []),
    ...(extra ?? []).map((pair) => pair.join('=')),
  ];
}

function parseTmpfs(path: string, text: string): MountRecord {
  checkPath(path);
  const options = text === '' ? [] : text.split(',');
  return {
    kind: 'tmpfs',
    destination: cleanDestination(path),
    readOnly: options.includes('ro'),
    mode: '',
    options,
  };
}

function cleanDestination(path: string): string {
  return posix.normalize(path).replace(/(.)\/$/, '$1');
}
