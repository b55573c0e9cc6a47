import { openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Threads that unpack layers. One that has done its work well waits a moment for the next layer: starting one costs as much as a small layer. */
export interface UnpackThreads {
  /** Descriptor of the process's root. */
  readonly home: number;
  take(): Worker;
  give(thread: Worker): void;
}

const IDLE_MS = 2000;

export function createUnpackThreads(): UnpackThreads {
  const idle: Worker[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const drop = (thread: Worker): void => {
    const at = idle.indexOf(thread);
    if (at !== -1) idle.splice(at, 1);
  };
  const endIdle = (): void => {
    for (const thread of idle.splice(0)) thread.terminate().catch(() => undefined);
  };
  return {
    home: openSync('/', 'r'),
    take() {
      const waiting = idle.pop();
      waiting?.ref();
      if (waiting) return waiting;
      const thread = new Worker(new URL('./unpack.worker.ts', import.meta.url));
      thread.on('error', () => drop(thread));
      return thread;
    },
    give(thread) {
      thread.unref();
      idle.push(thread);
      clearTimeout(timer);
      timer = setTimeout(endIdle, IDLE_MS);
      timer.unref();
    },
  };
}
