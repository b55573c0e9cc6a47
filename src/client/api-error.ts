import { type ErrorKind, KnownError } from '../lib/errors.ts';

/** An answer of the daemon with a status of 400 or more. The message is what users of docker see. */
export class ApiError extends KnownError {
  readonly status: number;
  /** The daemon's own words. */
  readonly detail: string;

  constructor(status: number, detail: string) {
    super(kindOf(status), `Error response from daemon: ${detail}`);
    this.name = 'ApiError';
    this.status = status;
    this.detail = detail;
  }
}

/** The daemon cannot be reached at all. */
export class ConnectionError extends KnownError {
  constructor(message: string, cause?: unknown) {
    super('unavailable', message, { cause });
    this.name = 'ConnectionError';
  }
}

function kindOf(status: number): ErrorKind {
  switch (status) {
    case 304:
      return 'not_modified';
    case 400:
      return 'invalid_parameter';
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not_found';
    case 409:
      return 'conflict';
    case 501:
      return 'not_implemented';
    case 503:
      return 'unavailable';
    default:
      return 'system';
  }
}
