import { KnownError, messageOf } from '../../lib/errors.ts';

/** Texts of exec errors, on which clients match. */

export const noSuchExec = (id: string) => new KnownError('not_found', `No such exec instance: ${id}`);

export const hasRun = (id: string) => new KnownError('conflict', `Error: Exec command ${id} has already run`);

export const isRunningAlready = (id: string) =>
  new KnownError('conflict', `Error: Exec command ${id} is already running`);

export const execNotRunning = (id: string) => new KnownError('conflict', `exec ${id} is not running`);

export const noCommand = () => new KnownError('invalid_parameter', 'No exec command specified');

export const containerNotRunning = (id: string) => new KnownError('conflict', `container ${id} is not running`);

export const containerPaused = (id: string) =>
  new KnownError('conflict', `Container ${id} is paused, unpause the container before exec`);

/** The runtime's failure, in the words of an exec instead of a start. */
export function cannotExec(error: unknown): unknown {
  if (!(error instanceof KnownError) || !('exitCode' in error)) return error;
  const text = messageOf(error).replace(/^.*OCI runtime create failed: /s, 'OCI runtime exec failed: exec failed: ');
  return new KnownError('invalid_parameter', text, { cause: error });
}
