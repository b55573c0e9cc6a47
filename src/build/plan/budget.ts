import { KnownError } from '../../lib/errors.ts';

/**
 * Counts the work that a Dockerfile asks for. Plans copy what a stage has (history, variables, labels) for every instruction, and a
 * variable can name another one many times over: a text of a few lines can ask for more than any machine has.
 */
export interface Budget {
  /** Errors: invalid_parameter when there has been too much. */
  charge(units: number): void;
}

/** A unit is about what copying one element of a list takes: all of them together take a second or two. */
const MAX_UNITS = 200_000_000;

export function createBudget(): Budget {
  let left = MAX_UNITS;
  return {
    charge(units) {
      left -= units;
      if (left >= 0) return;
      throw new KnownError(
        'invalid_parameter',
        'the Dockerfile asks for too much: too many instructions, variables or labels, or too much text out of variables',
      );
    },
  };
}
