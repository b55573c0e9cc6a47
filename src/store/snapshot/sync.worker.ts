import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../lib/errors.ts';
import { closeLibc, syncfs } from '../../linux/ffi/libc.host.ts';

/** Brings the file system of a descriptor to disk; answers with what went wrong, or with an empty text. */
parentPort?.once('message', (fd: number) => {
  const problem = sync(fd);
  closeLibc();
  parentPort?.postMessage(problem);
});

function sync(fd: number): string {
  try {
    syncfs(fd);
    return '';
  } catch (error) {
    return messageOf(error);
  }
}
