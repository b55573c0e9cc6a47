import { KnownError } from '../../lib/errors.ts';

/** Texts of container errors. Clients match on them, so they stand here and nowhere else. */

export const noSuchContainer = (name: string) => new KnownError('not_found', `No such container: ${name}`);

export const ambiguousPrefix = (prefix: string) =>
  new KnownError('invalid_parameter', `multiple IDs found with provided prefix: ${prefix}`);

export const nameInUse = (name: string, id: string) =>
  new KnownError(
    'conflict',
    `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );

export const invalidName = (name: string) =>
  new KnownError('invalid_parameter', `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);

export const cannotUpdate = (id: string, reason: string) =>
  new KnownError('conflict', `Cannot update container ${id}: ${reason}`);

export const conflictingUpdate = (text: string) => new KnownError('conflict', text);

export const invalid = (text: string) => new KnownError('invalid_parameter', text);

export const cannotJoinUserns = (name: string) =>
  new KnownError(
    'conflict',
    `cannot join the namespaces of container ${name}, which are of another user namespace: with --userns=host on both they can be shared`,
  );
export const noLinkGiven = () =>
  new KnownError('conflict', 'Conflict, cannot remove the default link name of the container');

export const notRunning = (id: string) => new KnownError('conflict', `container ${id} is not running`);

export const cannotKill = (name: string, id: string) =>
  new KnownError('conflict', `cannot kill container: ${name}: container ${id} is not running`);

export const isPaused = (id: string) => new KnownError('conflict', `Container ${id} is paused`);

export const isRestarting = (id: string) =>
  new KnownError('conflict', `Container ${id} is restarting, wait until the container is running`);

export const alreadyPaused = (id: string) => new KnownError('conflict', `Container ${id} is already paused`);

export const notPaused = (id: string) => new KnownError('conflict', `Container ${id} is not paused`);

export const startPaused = () => new KnownError('conflict', 'cannot start a paused container, try unpause instead');

export const startRemoving = () => new KnownError('conflict', 'container is marked for removal and cannot be started');

export const attachPaused = (id: string) =>
  new KnownError('conflict', `container ${id} is paused. Unpause the container before attach`);

export const attachRestarting = (id: string) =>
  new KnownError('conflict', `container ${id} is restarting. Wait for the container to restart before attach`);

export const removalInProgress = (id: string) =>
  new KnownError('conflict', `removal of container ${id} is already in progress`);

export function diskFull(): KnownError {
  return new KnownError('system', 'the state cannot be written: is the disk full?');
}

/** `path` is one of the host, as with Docker. */
export function overExistingFile(path: string): KnownError {
  return new KnownError('system', `cannot mount volume over existing file, file exists ${path}`);
}

export function notShareable(id: string): KnownError {
  return new KnownError(
    'invalid_parameter',
    `cannot join IPC of a non-shareable container ${id} (hint: use IpcMode:shareable for the donor container)`,
  );
}

export function removeRunning(name: string, status: string): KnownError {
  const advice =
    status === 'paused'
      ? 'container is paused and must be unpaused first'
      : `container is ${status}: stop the container before removing or force remove`;
  return new KnownError('conflict', `cannot remove container "/${name}": ${advice}`);
}

export const startedAlready = () => new KnownError('not_modified', 'container is already running');

export const stoppedAlready = () => new KnownError('not_modified', 'container is already stopped');

export const noSuchLogDriver = (name: string) =>
  new KnownError('invalid_parameter', `logger: no log driver named '${name}' is registered`);

export const logsNotReadable = () =>
  new KnownError('not_implemented', 'configured logging driver does not support reading');

export const logsOfRemoved = () =>
  new KnownError('conflict', 'can not get logs from container which is dead or marked for removal');

export const unknownRuntime = (name: string) =>
  new KnownError('invalid_parameter', `unknown or invalid runtime name: ${name}`);
