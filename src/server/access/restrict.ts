import type { IncomingMessage } from 'node:http';
import type { AccessPolicy } from './policy.ts';

/** By which socket a request came, and what it may do. */
export interface Restriction {
  readonly policy: AccessPolicy;
  /** The socket's path or address. */
  readonly by: string;
}

const restrictions = new WeakMap<IncomingMessage, Restriction>();

/** Notes by which listener a request came; the API asks for it when it has found the route. */
export function restrict(request: IncomingMessage, restriction: Restriction): void {
  restrictions.set(request, restriction);
}

/** undefined: a request that may do everything. */
export function restrictionOf(request: IncomingMessage): Restriction | undefined {
  return restrictions.get(request);
}
