import { KnownError } from '../lib/errors.ts';

/** Ends the program with `status`; the message is printed as it is, nothing when empty. */
export class ExitError extends KnownError {
  readonly status: number;

  constructor(status: number, message = '') {
    super('system', message);
    this.name = 'ExitError';
    this.status = status;
  }
}
