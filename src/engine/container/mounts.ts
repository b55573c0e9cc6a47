import { posix } from 'node:path';
import type { ContainerConfig, HostConfig, Mount } from '../../api/types/container.ts';
import { KnownError } from '../../lib/errors.ts';
import type { BindMount, MountRecord, TmpfsMount, VolumeMount } from '../../store/record/container-records.ts';
import { invalid } from './errors.ts';

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const CONSISTENCIES = ['consistent', 'cached', 'delegated', 'default'];
const LABELS = ['z', 'Z'];

/** A volume mount whose volume has no name yet: create gives it one. */
const UNNAMED = '';

/**
 * Every mount of a container, from all five places a request can name them. `from` are the mounts of the containers in
 * VolumesFrom. Anonymous volumes have an empty name. Errors: invalid_parameter in Docker's words.
 */
export function planMounts(
  host: HostConfig,
  config: ContainerConfig,
  from: readonly { readonly mounts: readonly MountRecord[]; readonly mode: string }[],
): readonly MountRecord[] {
  const planned = new Map<string, MountRecord>();
  for (const { mounts, mode } of from) {
    for (const mount of mounts) {
      if (mount.kind === 'tmpfs') continue;
      planned.set(mount.destination, {
        ...mount,
        readOnly: mount.readOnly || mode === 'ro',
        ...(mount.kind === 'volume' && { anonymous: false }),
      });
    }
  }
  const explicit = [
    ...(host.Binds ?? []).map(parseBind),
    ...(host.Mounts ?? []).map(parseMount),
    ...Object.entries(host.Tmpfs ?? {}).map(([destination, options]) => parseTmpfs(destination, options)),
  ];
  const seen = new Set<string>();
  for (const mount of explicit) {
    if (seen.has(mount.destination)) throw invalid(`Duplicate mount point: ${mount.destination}`);
    seen.add(mount.destination);
    planned.set(mount.destination, mount);
  }
  for (const path of Object.keys(config.Volumes ?? {})) {
    const destination = parseDestination(path, 'volume');
    if (!planned.has(destination)) planned.set(destination, toVolume(destination, UNNAMED, '', false, true));
  }
  return [...planned.values()];
}

/** `name`, `name:ro`. Errors: invalid_parameter. */
export function parseVolumesFrom(spec: string): { readonly container: string; readonly mode: string } {
  const [container = '', mode = 'rw', ...more] = spec.split(':');
  if (container === '') throw invalid(`malformed volumes-from specification: ${spec}`);
  const words = mode.split(',');
  if (more.length > 0 || !words.every((word) => ['rw', 'ro', ...LABELS].includes(word)))
    throw invalid(`invalid mode: ${mode}`);
  return { container, mode: words.includes('ro') ? 'ro' : 'rw' };
}

/** `[source:]destination[:mode]`: an absolute source is bound, another is a volume's name, none makes an anonymous volume. */
export function parseBind(spec: string): BindMount | VolumeMount {
  const parts = spec.split(':');
  if (parts.length > 3 || parts.some((part) => part === '')) throw invalid(`invalid volume specification: '${spec}'`);
  const [first = '', second, third = ''] = parts;
  const type = second !== undefined && first.startsWith('/') ? 'bind' : 'volume';
  const destination = parseDestination(second ?? first, type, `invalid volume specification: '${spec}': `);
  const mode = parseMode(third);
  if (second === undefined) return toVolume(destination, UNNAMED, '', false, true);
  if (first.startsWith('/')) return toBind(destination, posix.normalize(first), third, mode);
  if (first.startsWith('.') || first.includes('/'))
    throw invalid(
      `create ${first}: "${first}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  return toVolume(destination, first, third, mode.readOnly, mode.copyUp);
}

interface Mode {
  readonly readOnly: boolean;
  readonly propagation: string;
  readonly copyUp: boolean;
}

function parseMode(text: string): Mode {
  const words = text === '' ? [] : text.split(',');
  const known = ['ro', 'rw', 'nocopy', ...LABELS, ...PROPAGATIONS, ...CONSISTENCIES];
  const clash = words.includes('ro') && words.includes('rw');
  if (clash || new Set(words).size !== words.length || words.some((word) => !known.includes(word)))
    throw invalid(`invalid mode: ${text}`);
  return {
    readOnly: words.includes('ro'),
    propagation: words.find((word) => PROPAGATIONS.includes(word)) ?? 'rprivate',
    copyUp: !words.includes('nocopy'),
  };
}

function parseDestination(path: string, type: string, before = ''): string {
  const refuse = (reason: string): KnownError => invalid(`${before}invalid mount config for type "${type}": ${reason}`);
  if (!path.startsWith('/')) throw refuse(`invalid mount path: '${path}' mount path must be absolute`);
  const destination = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (destination === '/') throw refuse("invalid specification: destination can't be '/'");
  return destination;
}

function toBind(destination: string, source: string, text: string, mode: Mode): BindMount {
  const { readOnly, propagation } = mode;
  return {
    kind: 'bind',
    destination,
    source,
    readOnly,
    mode: text,
    propagation,
    createSource: true,
    nonRecursive: false,
    recursiveReadOnly: readOnly,
  };
}

function toVolume(destination: string, name: string, mode: string, readOnly: boolean, copyUp: boolean): VolumeMount {
  return { kind: 'volume', destination, name, driver: 'local', readOnly, mode, anonymous: name === UNNAMED, copyUp };
}

/** An entry of HostConfig.Mounts. */
export function parseMount(mount: Mount): MountRecord {
  const type = mount.Type ?? '';
  if (!mount.Target) throw invalid(`invalid mount config for type "${type}": field Target must not be empty`);
  checkOptions(mount, type);
  const destination = parseDestination(mount.Target, type);
  const readOnly = mount.ReadOnly ?? false;
  switch (type) {
    case 'bind':
      return parseBindMount(mount, destination, readOnly);
    case 'volume':
      return parseVolumeMount(mount, destination, readOnly);
    case 'tmpfs':
      return parseTmpfsMount(mount, destination, readOnly);
    case 'image':
    case 'npipe':
    case 'cluster':
      throw new KnownError('not_implemented', `mounts of type ${type} are not implemented`);
    default:
      throw invalid(`invalid mount config for type "${type}": mount type unknown`);
  }
}

function checkOptions(mount: Mount, type: string): void {
  const given = [
    { name: 'BindOptions', of: 'bind', value: mount.BindOptions },
    { name: 'VolumeOptions', of: 'volume', value: mount.VolumeOptions },
    { name: 'TmpfsOptions', of: 'tmpfs', value: mount.TmpfsOptions },
    { name: 'ImageOptions', of: 'image', value: mount.ImageOptions },
  ];
  const wrong = given.find(({ of, value }) => of !== type && value !== undefined && value !== null);
  if (wrong) throw invalid(`invalid mount config for type "${type}": field ${wrong.name} must not be specified`);
}

function parseBindMount(mount: Mount, destination: string, readOnly: boolean): BindMount {
  if (!mount.Source) throw invalid('invalid mount config for type "bind": field Source must not be empty');
  if (!mount.Source.startsWith('/'))
    throw invalid(
      `invalid mount config for type "bind": invalid mount path: '${mount.Source}' mount path must be absolute`,
    );
  const propagation = mount.BindOptions?.Propagation || 'rprivate';
  if (!PROPAGATIONS.includes(propagation))
    throw invalid(`invalid mount config for type "bind": invalid propagation mode: ${propagation}`);
  const { NonRecursive: nonRecursive = false, ReadOnlyNonRecursive: writableBelow = false } = mount.BindOptions ?? {};
  if (mount.BindOptions?.ReadOnlyForceRecursive && (!readOnly || nonRecursive || propagation !== 'rprivate'))
    throw invalid(
      'invalid mount config for type "bind": mount source must be read-only, recursive and rprivate for ReadOnlyForceRecursive',
    );
  if (writableBelow && !readOnly)
    throw invalid('invalid mount config for type "bind": mount must be read-only for ReadOnlyNonRecursive');
  return {
    kind: 'bind',
    destination,
    source: posix.normalize(mount.Source),
    readOnly,
    mode: '',
    propagation,
    createSource: mount.BindOptions?.CreateMountpoint ?? false,
    nonRecursive,
    recursiveReadOnly: readOnly && !nonRecursive && !writableBelow,
  };
}

function parseVolumeMount(mount: Mount, destination: string, readOnly: boolean): VolumeMount {
  const options = mount.VolumeOptions ?? {};
  if (options.Subpath) throw new KnownError('not_implemented', 'volume subpaths are not implemented');
  const driver = options.DriverConfig?.Name || 'local';
  if (driver !== 'local')
    throw new KnownError('not_found', `error looking up volume plugin ${driver}: plugin "${driver}" not found`);
  return {
    ...toVolume(destination, mount.Source ?? UNNAMED, 'z', readOnly, !options.NoCopy),
    anonymous: !mount.Source,
  };
}

function parseTmpfsMount(mount: Mount, destination: string, readOnly: boolean): TmpfsMount {
  if (mount.Source) throw invalid('invalid mount config for type "tmpfs": field Source must not be specified');
  const { SizeBytes: size, Mode: mode, Options: extra = [] } = mount.TmpfsOptions ?? {};
  const options = [
    ...(readOnly ? ['ro'] : []),
    ...(size ? [`size=${size}`] : []),
    ...(mode ? [`mode=${mode.toString(8)}`] : []),
    ...extra.map((pair) => pair.join('=')),
  ];
  return { kind: 'tmpfs', destination, readOnly, mode: '', options };
}

function parseTmpfs(path: string, text: string): TmpfsMount {
  const destination = parseDestination(path, 'tmpfs');
  const options = text === '' ? [] : text.split(',');
  return { kind: 'tmpfs', destination, readOnly: options.includes('ro'), mode: '', options };
}
