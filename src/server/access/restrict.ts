import type { IncomingMessage } from 'node:http';
import type { AccessPolicy } from './policy.ts';

const policies = new WeakMap<IncomingMessage, AccessPolicy>();

/** Notes by which listener a request came; the API asks for it when it has found the route. */
export function restrict(request: IncomingMessage, policy: AccessPolicy): void {
  policies.set(request, policy);
}

/** undefined: a request that may do everything. */
export function policyOf(request: IncomingMessage): AccessPolicy | undefined {
  return policies.get(request);
}
