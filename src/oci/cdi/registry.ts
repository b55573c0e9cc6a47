import { KnownError } from '../../lib/errors.ts';
import { type CdiDevice, type CdiEdits, type CdiSpec, KIND } from './cdi-spec.ts';

/** A specification and how far its folder stands in front: of two devices with one name the higher counts. */
export interface FoundSpec {
  readonly priority: number;
  readonly path: string;
  readonly spec: CdiSpec;
}

export interface CdiRegistry {
  /** `vendor.com/class=name`, in order. */
  readonly names: readonly string[];
  readonly devices: ReadonlyMap<string, RegisteredDevice>;
  /** Files and devices that do not count, and why. */
  readonly problems: readonly string[];
}

export interface RegisteredDevice {
  readonly spec: CdiSpec;
  readonly device: CdiDevice;
}

/** Two devices of one name in folders of one priority are a conflict: neither is there. */
export function toRegistry(found: readonly FoundSpec[], problems: readonly string[] = []): CdiRegistry {
  const best = new Map<string, FoundSpec & { readonly device: CdiDevice; readonly clash: boolean }>();
  for (const entry of found) {
    for (const device of entry.spec.devices) {
      const name = `${entry.spec.kind}=${device.name}`;
      const other = best.get(name);
      if (other && other.priority > entry.priority) continue;
      best.set(name, { ...entry, device, clash: other?.priority === entry.priority });
    }
  }
  const good = [...best].filter(([, { clash }]) => !clash).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const clashes = [...best].filter(([, { clash }]) => clash).map(([name]) => `conflicting device ${name}`);
  return {
    names: good.map(([name]) => name),
    devices: new Map(good.map(([name, { spec, device }]) => [name, { spec, device }])),
    problems: [...problems, ...clashes],
  };
}

/** What a container with these devices must have; edits of a file come once, before those of its devices. Errors: not_found. */
export function editsFor(registry: CdiRegistry, names: readonly string[]): CdiEdits {
  const missing = names.filter((name) => !registry.devices.has(name));
  if (missing.length > 0) throw unresolvable(missing, registry);
  const seen = new Set<CdiSpec>();
  const all = names.flatMap((name) => {
    const entry = registry.devices.get(name);
    if (entry === undefined) return [];
    const first = !seen.has(entry.spec);
    seen.add(entry.spec);
    return first ? [entry.spec.edits, entry.device.edits] : [entry.device.edits];
  });
  return {
    env: all.flatMap(({ env }) => env),
    deviceNodes: all.flatMap(({ deviceNodes }) => deviceNodes),
    mounts: all.flatMap(({ mounts }) => mounts),
    hooks: all.flatMap(({ hooks }) => hooks),
    additionalGids: all.flatMap(({ additionalGids }) => additionalGids),
  };
}

function unresolvable(names: readonly string[], { problems }: CdiRegistry): KnownError {
  const why = problems.length === 0 ? '' : ` (${problems.slice(0, 5).join('; ')})`;
  return new KnownError('not_found', `CDI device injection failed: unresolvable CDI devices ${names.join(', ')}${why}`);
}

const CLASS_ANNOTATION = 'org.mobyproject.buildkit.device.class';
const ALLOW_ANNOTATION = 'org.mobyproject.buildkit.device.autoallow';

/**
 * The devices that BuildKit takes for a name (docs/cdi.md): `kind` is the first of the kind, `kind=*` all, `kind=name` that one, or those whose
 * annotation says that they are of class `name`. Errors: invalid_parameter for what is no name, or is missing and required.
 */
export function findDevices(
  { names, devices }: CdiRegistry,
  { name, required }: { readonly name: string; readonly required: boolean },
): readonly string[] {
  const at = name.indexOf('=');
  const kind = at === -1 ? name : name.slice(0, at);
  const wanted = at === -1 ? '' : name.slice(at + 1);
  if (!KIND.test(kind)) throw new KnownError('invalid_parameter', `invalid device ${JSON.stringify(name)}`);
  const ofKind = names.filter((one) => one.startsWith(`${kind}=`));
  const found = ((): readonly string[] => {
    if (wanted === '') return ofKind.slice(0, 1);
    if (wanted === '*') return ofKind;
    if (ofKind.includes(name)) return [name];
    return ofKind.filter((one) => annotationOf(devices.get(one), CLASS_ANNOTATION) === wanted);
  })();
  if (found.length === 0 && required)
    throw new KnownError('invalid_parameter', `required device ${JSON.stringify(name)} is not registered`);
  return found;
}

/** A device whose annotation lets every build have it. */
export function isAllowedToAll({ devices }: CdiRegistry, name: string): boolean {
  return /^(?:1|t|T|TRUE|true|True)$/.test(annotationOf(devices.get(name), ALLOW_ANNOTATION) ?? '');
}

function annotationOf(entry: RegisteredDevice | undefined, key: string): string | undefined {
  return entry?.device.annotations[key] ?? entry?.spec.annotations[key];
}
