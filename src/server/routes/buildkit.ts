import { KnownError } from '../../lib/errors.ts';
import type { Route } from '../route.ts';

/** The connections that BuildKit's clients upgrade: what is wrong with the handshake is told, a right one is refused by name. */
export function buildKitRoutes(): readonly Route[] {
  return [refuse('/session', 'the session'), refuse('/grpc', 'gRPC')];
}

function refuse(path: string, what: string): Route {
  return {
    method: 'POST',
    path,
    async handle({ headers: { upgrade } }) {
      if (upgrade === undefined) throw new KnownError('invalid_parameter', 'no upgrade proto in request');
      if (upgrade !== 'h2c')
        throw new KnownError('invalid_parameter', `protocol ${upgrade.slice(0, 50)} not supported`);
      throw new KnownError('not_implemented', `${what} of BuildKit is not supported by this engine`);
    },
  };
}
