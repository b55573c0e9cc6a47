/**
 * Seals what must not lie on a disk in clear. The key is in a file of its own, readable by root alone: who gets a copy of the database, of a
 * backup without the key, or of a disk from which the key was wiped, reads nothing. Who is root on the machine reads everything.
 */
export interface SecretBox {
  /** `subject` is bound to it: what was sealed for one is not opened for another. */
  seal(subject: string, value: Uint8Array): Uint8Array;
  /** Errors: data_loss when it was changed, or sealed with another key or for another subject. */
  open(subject: string, sealed: Uint8Array): Uint8Array;
}
