import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../lib/errors.ts';
import { syncfs } from '../../linux/ffi/libc.host.ts';

/** Brings the file system of a descriptor to disk; answers with what went wrong, or with an empty text. */
parentPort?.once('message', (fd: number) => {
  try {
    syncfs(fd);
    parentPort?.postMessage('');
  } catch (error) {
    parentPort?.postMessage(messageOf(error));
  }
});
