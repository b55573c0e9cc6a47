import { KnownError } from '../../lib/errors.ts';

export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/** The bytes of `ctrl-p,ctrl-q`, `a,ctrl-[`. Errors: invalid_parameter. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(text.split(','), keyCode);
}

function keyCode(key: string): number {
  const control = /^ctrl-(.)$/.exec(key.toLowerCase())?.[1] ?? '';
  if (/[a-z@[\\\]^_]/.test(control)) return control.toUpperCase().charCodeAt(0) - 64;
  if (key.length === 1) return key.charCodeAt(0);
  throw new KnownError('invalid_parameter', `Unknown character: '${key}'`);
}

/** Finds the keys in what is typed. Bytes that may begin them are held back until it is clear that they do not. */
export interface DetachFilter {
  /** What goes on to the container; `detached` when the keys are complete: nothing behind them counts. */
  push(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly detached: boolean };
}

export function createDetachFilter(keys: Uint8Array): DetachFilter {
  let matched = 0;
  return {
    push(bytes) {
      const passed: number[] = [];
      for (const byte of bytes) {
        if (byte === keys[matched]) {
          matched++;
          if (matched === keys.length) return { bytes: Uint8Array.from(passed), detached: true };
          continue;
        }
        passed.push(...keys.subarray(0, matched));
        matched = byte === keys[0] ? 1 : 0;
        if (matched === 0) passed.push(byte);
      }
      return { bytes: Uint8Array.from(passed), detached: false };
    },
  };
}
