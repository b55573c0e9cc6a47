/**
 * The one error type that crosses module borders. `kind` is a closed set and is what code tests;
 * `message` is what users read (clients match on some texts, so those are made by named functions
 * beside the rules they belong to).
 */
export type ErrorKind = (typeof KINDS)[number];

const KINDS = [
  'not_found',
  'invalid_parameter',
  'conflict',
  'not_modified',
  'unauthorized',
  'forbidden',
  'unavailable',
  'not_implemented',
  'cancelled',
  'deadline',
  'data_loss',
  'system',
] as const;

/** For kinds that come over a wire. */
export function isErrorKind(value: unknown): value is ErrorKind {
  return KINDS.some((kind) => kind === value);
}

export class KnownError extends Error {
  readonly kind: ErrorKind;

  constructor(kind: ErrorKind, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'KnownError';
    this.kind = kind;
  }
}

/** True when `error` is a KnownError of one of `kinds`. */
export function isKind(error: unknown, ...kinds: readonly ErrorKind[]): error is KnownError {
  return error instanceof KnownError && kinds.includes(error.kind);
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The errno name (`ENOENT`, `EEXIST`, ...) of a failed system call, else undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Wraps any failure as a KnownError that says what was being done to what; a KnownError keeps its kind. */
export function wrapError(error: unknown, doing: string): KnownError {
  const kind = error instanceof KnownError ? error.kind : 'system';
  return new KnownError(kind, `${doing}: ${messageOf(error)}`, { cause: error });
}

/** For the default branch of a switch over a union: a compile error when a case is missing. */
export function assertNever(value: never): never {
  throw new KnownError('system', `unexpected value: ${JSON.stringify(value)}`);
}
