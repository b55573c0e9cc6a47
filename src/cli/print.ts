import { writeSync } from 'node:fs';
import { errnoOf } from '../lib/errors.ts';

const SIGPIPE_STATUS = 128 + 13;
const RETRY_MS = 2;

/**
 * Writes to standard output or error at once, blocking while a pipe is full: what is printed is never lost on exit, and a slow
 * reader slows us. A reader that has gone ends the program quietly, as SIGPIPE does.
 */
export function printTo(fd: 1 | 2, text: string | Uint8Array): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(fd, bytes, sent);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'EPIPE') process.exit(SIGPIPE_STATUS);
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
