import type { BuildPlan, Step } from '../../build/plan/plan.ts';
import type { CdiRegistry } from '../../oci/cdi/registry.ts';
import { entitlementNeeded } from './errors.ts';
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
