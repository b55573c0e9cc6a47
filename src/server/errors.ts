import { type ErrorKind, isKind, KnownError, messageOf } from '../lib/errors.ts';

/** The one table from kinds of errors to statuses (moby's httpstatus). */
const STATUS: Readonly<Record<ErrorKind, number>> = {
  not_found: 404,
  invalid_parameter: 400,
  conflict: 409,
  not_modified: 304,
  unauthorized: 401,
  forbidden: 403,
  unavailable: 503,
  not_implemented: 501,
  cancelled: 499,
  deadline: 500,
  data_loss: 500,
  system: 500,
};

export function toStatus(error: unknown): number {
  return error instanceof KnownError ? STATUS[error.kind] : 500;
}

/** Body of an error answer; empty for 304. */
export function toBody(error: unknown): string {
  return isKind(error, 'not_modified') ? '' : `${JSON.stringify({ message: messageOf(error) })}\n`;
}
