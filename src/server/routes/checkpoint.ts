import { KnownError } from '../../lib/errors.ts';
import type { Call, Route } from '../route.ts';

const ROUTES = [
  ['GET', '/containers/{id}/checkpoints'],
  ['POST', '/containers/{id}/checkpoints'],
  ['DELETE', '/containers/{id}/checkpoints/{checkpoint}'],
] as const;

/** Docker's experimental checkpoints. crun is built without CRIU on Debian, and Debian's CRIU does not run on newer kernels: all are refused. */
export function checkpointRoutes(): readonly Route[] {
  return ROUTES.map(([method, path]): Route => ({ method, path, handle: async () => await Promise.reject(refusal()) }));
}

/** A start that asks to go on from a checkpoint. Errors: not_implemented. */
export function refuseCheckpoint({ query }: Pick<Call, 'query'>): void {
  if (query.get('checkpoint') || query.get('checkpoint-dir')) throw refusal();
}

function refusal(): KnownError {
  return new KnownError(
    'not_implemented',
    'checkpoints are not supported by this engine: they need CRIU, and a runtime that is built with it',
  );
}
