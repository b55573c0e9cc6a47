import { isKind, KnownError } from '../lib/errors.ts';

/**
 * Work that asks a registry. One that does not answer is a failure of the request (500): 503 is for what the engine itself cannot do now.
 */
export async function asksRegistry<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isKind(error, 'unavailable') ? new KnownError('system', error.message, { cause: error }) : error;
  }
}
