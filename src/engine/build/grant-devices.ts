import type { RunDevice } from '../../build/instruction/device.ts';
import { KnownError } from '../../lib/errors.ts';
import { type CdiRegistry, findDevices, isAllowedToAll } from '../../oci/cdi/registry.ts';
import type { Entitlement } from './service.ts';

/**
 * The devices that a RUN gets, by their full names, as BuildKit grants them: all with the entitlement `device`; with `device=NAME` those; with
 * `device=NAME,alias=OTHER` that one where OTHER is asked for; and what its own annotation lets everyone have. Errors: invalid_parameter for
 * one that is required and missing; forbidden.
 */
export function grantDevices(
  registry: CdiRegistry,
  wanted: readonly RunDevice[],
  entitlements: ReadonlySet<Entitlement>,
): readonly string[] {
  const grants = [...entitlements].flatMap((one) => parseGrant(one) ?? []);
  const named = wanted.map(({ name, required }) => {
    const alias = grants.find((grant) => grant.alias === name)?.name;
    return { name: alias ?? name, required, granted: alias !== undefined };
  });
  const free = new Set(
    grants
      .filter(({ alias, name }) => alias === undefined && name !== undefined)
      .flatMap(({ name = '' }) => findDevices(registry, { name, required: true })),
  );
  const all = grants.some(({ name }) => name === undefined);
  const found = named.flatMap(({ granted, ...device }) =>
    findDevices(registry, device).map((name) => ({
      name,
      granted: all || granted || free.has(name) || isAllowedToAll(registry, name),
    })),
  );
  const forbidden = [...new Set(found.filter(({ granted }) => !granted).map(({ name }) => name))];
  if (forbidden.length > 0) throw notAllowed(forbidden);
  return [...new Set(found.map(({ name }) => name))];
}

interface Grant {
  /** Undefined: every device. */
  readonly name: string | undefined;
  readonly alias: string | undefined;
}

function parseGrant(entitlement: Entitlement): Grant | undefined {
  if (entitlement === 'device') return { name: undefined, alias: undefined };
  const [, name, alias] = /^device=([^,]+)(?:,alias=(.+))?$/.exec(entitlement) ?? [];
  return name === undefined ? undefined : { name, alias };
}

function notAllowed(names: readonly string[]): KnownError {
  const subject = names.length === 1 ? `device ${names[0]} is` : `devices ${names.join(', ')} are`;
  return new KnownError('forbidden', `${subject} requested by the build but not allowed`);
}
