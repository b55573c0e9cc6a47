import { messageOf } from '../../../lib/errors.ts';
import { ExitError } from '../../exit-error.ts';

const DAEMON_STATUS = 125;
const CANNOT_RUN_STATUS = 126;
const NOT_FOUND_STATUS = 127;

/** What `make` refuses is printed as run and create print it, status 125. */
export function refuse<T>(verb: 'run' | 'create', make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw withHelp(error, verb, DAEMON_STATUS);
  }
}

/** A failed run: 127 when the program is not there, 126 when it cannot be run, 125 for all else. */
export function toRunError(error: unknown): ExitError {
  const text = messageOf(error);
  const missing = /executable file not found|no such file or directory|system cannot find the file specified/.test(
    text,
  );
  const denied = /permission denied|is a directory/.test(text);
  return withHelp(error, 'run', missing ? NOT_FOUND_STATUS : denied ? CANNOT_RUN_STATUS : DAEMON_STATUS);
}

function withHelp(error: unknown, verb: string, status: number): ExitError {
  return new ExitError(status, `docker: ${messageOf(error)}\n\nRun 'docker ${verb} --help' for more information`);
}
