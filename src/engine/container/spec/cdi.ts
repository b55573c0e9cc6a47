import type { HostConfig } from '../../../api/types/container.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { CdiDeviceNode, CdiEdits, CdiHook, CdiMount } from '../../../oci/cdi/cdi-spec.ts';
import { type CdiRegistry, editsFor } from '../../../oci/cdi/registry.ts';
import type { DeviceRule, RuntimeHook, RuntimeMount, RuntimeSpec, SpecDevice } from './runtime-spec.ts';

/** The CDI devices that a container asks for. Errors: invalid_parameter. */
export function cdiNames({ DeviceRequests }: Pick<HostConfig, 'DeviceRequests'>): readonly string[] {
  return (DeviceRequests ?? []).flatMap(({ Driver, Count, Options, DeviceIDs }) => {
    if (Driver !== 'cdi') return [];
    if (Count) throw new KnownError('invalid_parameter', 'unexpected count in CDI device request');
    if (Object.keys(Options ?? {}).length > 0)
      throw new KnownError('invalid_parameter', 'unexpected options in CDI device request');
    return DeviceIDs ?? [];
  });
}

/**
 * The configuration with what its CDI devices need: later environment of a name wins, nodes and mounts replace those at their place. Errors:
 * not_found for a device that no file tells of, or a device file that is missing.
 */
export function withCdiDevices(
  spec: RuntimeSpec,
  host: Pick<HostConfig, 'DeviceRequests'>,
  facts: { readonly readCdi: () => CdiRegistry; readonly devicesAt: (path: string) => readonly SpecDevice[] },
): { readonly spec: RuntimeSpec; readonly rules: readonly DeviceRule[] } {
  const names = cdiNames(host);
  if (names.length === 0) return { spec, rules: [] };
  const edits = editsFor(facts.readCdi(), names);
  const nodes = edits.deviceNodes.map((node) => toDevice(node, spec.process.user, facts.devicesAt));
  return {
    spec: {
      ...spec,
      process: {
        ...spec.process,
        env: mergeEnv(spec.process.env, edits.env),
        user: { ...spec.process.user, additionalGids: withGids(spec.process.user.additionalGids, edits) },
      },
      mounts: withMounts(spec.mounts, edits.mounts),
      linux: {
        ...spec.linux,
        devices: [
          ...spec.linux.devices.filter(({ path }) => !nodes.some((node) => node.path === path)),
          ...new Map(nodes.map((node) => [node.path, node])).values(),
        ],
      },
      ...(edits.hooks.length > 0 && { hooks: toHooks(edits.hooks) }),
    },
    rules: nodes.flatMap(({ type, major, minor }, at): readonly DeviceRule[] => {
      const access = edits.deviceNodes[at]?.permissions ?? '';
      return access === '' ? [] : [{ allow: true, type, major, minor, access }];
    }),
  };
}

function toDevice(
  { path, hostPath, type, major, minor, fileMode, uid, gid }: CdiDeviceNode,
  user: RuntimeSpec['process']['user'],
  devicesAt: (path: string) => readonly SpecDevice[],
): SpecDevice {
  const owner = { uid: uid ?? user.uid, gid: gid ?? user.gid };
  if (type !== undefined && major !== undefined && minor !== undefined)
    return { path, type, major, minor, fileMode: fileMode ?? 0o666, ...owner };
  const [found] = devicesAt(hostPath);
  if (found === undefined || found.path !== hostPath)
    throw new KnownError('not_found', `CDI device injection failed: ${hostPath} is no device file`);
  return {
    path,
    type: type ?? found.type,
    major: major ?? found.major,
    minor: minor ?? found.minor,
    fileMode: fileMode ?? found.fileMode,
    ...owner,
  };
}

function mergeEnv(before: readonly string[], added: readonly string[]): readonly string[] {
  const nameOf = (entry: string): string => entry.slice(0, entry.indexOf('='));
  return [...new Map([...before, ...added].map((entry) => [nameOf(entry), entry])).values()];
}

function withGids(before: readonly number[], { additionalGids }: CdiEdits): readonly number[] {
  return [...new Set([...before, ...additionalGids.filter((gid) => gid !== 0)])];
}

function withMounts(before: readonly RuntimeMount[], added: readonly CdiMount[]): readonly RuntimeMount[] {
  const mounts = [...new Map(added.map((mount) => [mount.containerPath, mount])).values()].map(toMount);
  const taken = new Set(mounts.map(({ destination }) => destination));
  const depth = ({ destination }: RuntimeMount): number => destination.split('/').filter(Boolean).length;
  return [...before.filter(({ destination }) => !taken.has(destination)), ...mounts].toSorted(
    (a, b) => depth(a) - depth(b),
  );
}

function toMount({ hostPath, containerPath, type, options }: CdiMount): RuntimeMount {
  const binds = type !== 'bind' || options.includes('bind') || options.includes('rbind');
  return {
    destination: containerPath,
    type,
    source: hostPath,
    options: binds ? options : ['rbind', ...options],
  };
}

function toHooks(hooks: readonly CdiHook[]): NonNullable<RuntimeSpec['hooks']> {
  const byName = new Map<CdiHook['name'], RuntimeHook[]>();
  for (const { name, path, args, env, timeout } of hooks) {
    const hook = { path, args, env, ...(timeout !== undefined && { timeout }) };
    byName.set(name, [...(byName.get(name) ?? []), hook]);
  }
  return Object.fromEntries(byName);
}
