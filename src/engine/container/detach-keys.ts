import { invalid } from './errors.ts';

const DEFAULT_KEYS = 'ctrl-p,ctrl-q';
const CONTROL = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

/** Finds the detach sequence in what a user types. What may be its beginning is held back until it is clear. */
export interface DetachScanner {
  /** `pass` goes to the process; with `detached`, the rest of the input is dropped. */
  push(chunk: Uint8Array): { readonly pass: Uint8Array; readonly detached: boolean };
}

/** Bytes of `ctrl-p,ctrl-q`, `a,b`. Errors: invalid_parameter for an unknown key. */
export function parseDetachKeys(text: string | undefined): readonly number[] {
  return (text || DEFAULT_KEYS).split(',').map((key) => {
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    const letter = /^ctrl-(.)$/.exec(key)?.[1];
    const code = letter === undefined ? -1 : CONTROL.indexOf(letter);
    if (code === -1) throw invalid(`Invalid escape keys (${text}) provided: Unknown character: '${key}'`);
    return code;
  });
}

export function createDetachScanner(keys: readonly number[]): DetachScanner {
  let matched = 0;
  return {
    push(chunk) {
      const pass: number[] = [];
      for (const byte of chunk) {
        if (byte === keys[matched]) {
          if (++matched === keys.length) return { pass: Uint8Array.from(pass), detached: true };
          continue;
        }
        pass.push(...keys.slice(0, matched));
        matched = byte === keys[0] ? 1 : 0;
        if (matched === 0) pass.push(byte);
      }
      return { pass: Uint8Array.from(pass), detached: false };
    },
  };
}
