import { KnownError, messageOf } from '../../lib/errors.ts';

/** Texts of volume errors. Clients match on them, so they stand here and nowhere else. */

export const noSuchVolume = (name: string) => new KnownError('not_found', `get ${name}: no such volume`);

export const volumeInUse = (action: string, name: string, users: readonly string[]) =>
  new KnownError('conflict', `${action} ${name}: volume is in use - [${users.join(', ')}]`);

export const nameTooShort = (name: string) =>
  new KnownError(
    'invalid_parameter',
    `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
  );

export const invalidVolumeName = (name: string) =>
  new KnownError(
    'invalid_parameter',
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );

export const volumeNameTooLong = (name: string, max: number) =>
  new KnownError('invalid_parameter', `create ${name.slice(0, 20)}...: a volume name has at most ${max} characters`);

export const nameOfOtherDriver = (name: string, driver: string) =>
  new KnownError(
    'conflict',
    `create ${name}: driver '${driver}' already has volume '${name}': volume name must be unique`,
  );

export const volumeExists = (action: string, name: string) =>
  new KnownError('conflict', `${action} ${name}: there is a volume of that name already`);

/** `create NAME: why`, of the same kind. */
export function whileCreating(name: string, error: unknown): KnownError {
  return new KnownError(error instanceof KnownError ? error.kind : 'system', `create ${name}: ${messageOf(error)}`, {
    cause: error,
  });
}

export const unknownDriver = (driver: string) =>
  new KnownError('not_found', `error looking up volume plugin ${driver}: plugin "${driver}" not found`);
