import { closeSync, openSync } from 'node:fs';
import { CLONE_NEWNET, setns, unshare } from '../ffi/libc.host.ts';

/** Network namespace of the calling thread. */
export const OWN_NETNS = '/proc/thread-self/ns/net';

/** Runs `work` with the thread in another namespace (undefined: a new one) and comes back whatever happens. */
export function inNamespace<T>(fd: number | undefined, work: () => T): T {
  const own = openSync(OWN_NETNS, 'r');
  try {
    if (fd === undefined) unshare(CLONE_NEWNET);
    else setns(fd, CLONE_NEWNET);
    try {
      return work();
    } finally {
      setns(own, CLONE_NEWNET);
    }
  } finally {
    closeSync(own);
  }
}

/** As {@link inNamespace}, in the namespace of a file. */
export function inNamespaceOf<T>(path: string, work: () => T): T {
  const fd = openSync(path, 'r');
  try {
    return inNamespace(fd, work);
  } finally {
    closeSync(fd);
  }
}
