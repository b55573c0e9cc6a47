import type { BuildPlan, Step } from '../../build/plan/plan.ts';
import type { CdiRegistry } from '../../oci/cdi/registry.ts';
import { entitlementNeeded, notYet } from './errors.ts';
import { grantDevices } from './grant-devices.ts';
import type { BuildRequest } from './service.ts';

/** Refuses what the client has not allowed, and what cannot be done, before anything runs. Errors: forbidden, invalid_parameter. */
export function checkAllowed(
  { stages }: BuildPlan,
  { entitlements }: Pick<BuildRequest, 'entitlements'>,
  readCdi: () => CdiRegistry,
): void {
  for (const { steps } of stages) for (const step of steps) checkStep(step, entitlements, readCdi);
}

function checkStep(step: Step, entitlements: BuildRequest['entitlements'], readCdi: () => CdiRegistry): void {
  if (step.kind !== 'run') return;
  if (step.network === 'host' && !entitlements.has('network.host')) throw entitlementNeeded('network.host');
  if (step.security === 'insecure' && !entitlements.has('security.insecure'))
    throw entitlementNeeded('security.insecure');
  if (step.devices.length > 0) grantDevices(readCdi(), step.devices, entitlements);
}

/** BuildKit scans more than the target where a Dockerfile or a build argument says so. Errors: not_implemented. */
export function checkScans({ attestations, buildArgs }: BuildRequest, dockerfile: string): void {
  if (attestations.sbom === undefined) return;
  const asked = /^\s*ARG\s.*\b(BUILDKIT_SBOM_SCAN_(?:STAGE|CONTEXT))\b/im.exec(dockerfile)?.[1];
  const given = Object.keys(buildArgs).find((name) => name.startsWith('BUILDKIT_SBOM_SCAN_'));
  if (asked ?? given) throw notYet(`${asked ?? given}: an SBOM of more than the target`);
}
