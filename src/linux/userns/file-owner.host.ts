import type { Owner } from '../../lib/id-map.ts';
import { readSecureBits, setFileIds, setSecureBits } from '../ffi/libc.host.ts';

/** Capabilities stay as they are when the numbers change, capabilities(7). */
const SECBIT_NO_SETUID_FIXUP = 4;

/**
 * Does synchronous work while what this thread makes in file systems belongs to somebody else, with the thread's rights as they are: through a
 * mapped mount nothing can be made for numbers that it does not have.
 */
export function asFileOwner<T>(owner: Owner, work: () => T): T {
  const bits = readSecureBits();
  becomeFileOwner(owner);
  try {
    return work();
  } finally {
    setFileIds(0, 0);
    setSecureBits(bits);
  }
}

/** As {@link asFileOwner}, for good. */
export function becomeFileOwner({ uid, gid }: Owner): void {
  setSecureBits(readSecureBits() | SECBIT_NO_SETUID_FIXUP);
  setFileIds(uid, gid);
}
