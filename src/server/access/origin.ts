import type { IncomingMessage } from 'node:http';
import type { AccessPolicy } from './policy.ts';

/** By which listener a request came. */
export interface Origin {
  /** The socket's path or address, as it was asked for. */
  readonly listener: string;
  /** What may be asked for there; undefined: everything. */
  readonly policy: AccessPolicy | undefined;
}

const origins = new WeakMap<IncomingMessage, Origin>();

/** Notes by which listener a request came; the API asks for it when it has found the route. */
export function noteOrigin(request: IncomingMessage, origin: Origin): void {
  origins.set(request, origin);
}

/** undefined: a request that came by none, as in tests. */
export function originOf(request: IncomingMessage): Origin | undefined {
  return origins.get(request);
}

/** Who asks, as far as it can be known: the listener, and of a client on a network its address. */
export function askerOf(request: IncomingMessage): string {
  const listener = origins.get(request)?.listener ?? 'the engine';
  const { remoteAddress, remotePort } = request.socket;
  return remoteAddress === undefined ? listener : `${listener} (${remoteAddress} port ${remotePort})`;
}
