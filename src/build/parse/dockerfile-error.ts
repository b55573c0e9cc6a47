import { type ErrorKind, KnownError } from '../../lib/errors.ts';
import type { Location } from './location.ts';

/** What is wrong in a Dockerfile, or with what it names, and where; the message is BuildKit's. */
export class DockerfileError extends KnownError {
  readonly location: Location | undefined;

  constructor(
    message: string,
    location?: Location,
    { kind = 'invalid_parameter', ...options }: { readonly cause?: unknown; readonly kind?: ErrorKind } = {},
  ) {
    super(kind, message, options);
    this.name = 'DockerfileError';
    this.location = location;
  }
}

/** Runs `work`; a rule broken in it gets the location (an error that has one keeps its own). */
export function located<T>(location: Location, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withLocation(error, location);
  }
}

/** The error with a location, when it is one about input that has none yet. */
export function withLocation(error: unknown, location: Location): unknown {
  if (error instanceof DockerfileError && error.location !== undefined) return error;
  if (!(error instanceof KnownError) || error.kind !== 'invalid_parameter') return error;
  return new DockerfileError(error.message, location, { cause: error });
}

/** The error with a location, whatever went wrong with what the Dockerfile names there; its kind stays. */
export function withPlaceOfName(error: unknown, location: Location): unknown {
  if (error instanceof DockerfileError || !(error instanceof KnownError) || error.kind === 'cancelled') return error;
  return new DockerfileError(error.message, location, { cause: error, kind: error.kind });
}
