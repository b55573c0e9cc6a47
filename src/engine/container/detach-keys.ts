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
  /** Typed bytes that are a beginning of the sequence. */
  const held: number[] = [];
  const isBeginning = (): boolean => held.every((byte, at) => byte === keys[at]);
  return {
    push(chunk) {
      const pass: number[] = [];
      for (const byte of chunk) {
        held.push(byte);
        while (!isBeginning()) pass.push(...held.splice(0, 1));
        if (held.length === keys.length) return { pass: Uint8Array.from(pass), detached: true };
      }
      return { pass: Uint8Array.from(pass), detached: false };
    },
  };
}
