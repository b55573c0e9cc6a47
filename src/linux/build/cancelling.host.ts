import { KnownError } from '../../lib/errors.ts';

/** Shared with whoever has given this thread its work; 1 asks it to give up. */
let asked: Int32Array | undefined;

export function watchCancelling(flag: SharedArrayBuffer): void {
  asked = new Int32Array(flag);
}

/** True from when the work is to end until it has ended. */
export function isCancelled(): boolean {
  return asked !== undefined && Atomics.load(asked, 0) === 1;
}

/**
 * For loops over files: a thread is never ended from outside in the middle of its work, since its descriptors are the process's and would
 * outlive it. Errors: cancelled.
 */
export function checkCancelled(): void {
  if (isCancelled()) throw new KnownError('cancelled', 'context canceled');
}
