import type { BindMount, MountRecord } from '../../store/record/container-records.ts';
import { invalid } from './errors.ts';

/** True when a folder is the engine's own, within it, or holds it. */
export function touches(source: string, dataRoot: string): boolean {
  const within = (inner: string, outer: string): boolean =>
    outer === '/' || inner === outer || inner.startsWith(`${outer}/`);
  return within(source, dataRoot) || within(dataRoot, source);
}

/** The propagation that a bind gets: a slave where the source touches the engine's own folders. Errors: invalid_parameter, in Docker's words. */
export function withPropagation(mount: MountRecord, dataRoot: string): MountRecord {
  if (mount.kind !== 'bind') return mount;
  const given: BindMount = mount;
  if (!touches(mount.source, dataRoot)) return { ...given, propagation: mount.propagation || 'rprivate' };
  if (mount.propagation === '') return { ...given, propagation: 'rslave' };
  if (mount.propagation === 'rslave' || mount.propagation === 'rshared') return mount;
  throw invalid(
    `invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, daemon root: "${dataRoot}", bind mount source: "${mount.source}", propagation: "${mount.propagation}"`,
  );
}
