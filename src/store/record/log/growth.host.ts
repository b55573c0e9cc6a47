import { watch } from 'node:fs';
import { dirname } from 'node:path';

/** Whether there is more to wait for. */
export interface End {
  readonly over: boolean;
  readonly promise: Promise<void>;
}

/** Over when `stopped` has resolved or the signal is aborted. */
export function endOf(options: { readonly stopped?: Promise<unknown>; readonly signal: AbortSignal }): End {
  const { promise, resolve } = Promise.withResolvers<void>();
  const state = { over: false, promise };
  const end = (): void => {
    state.over = true;
    resolve();
  };
  void options.stopped?.then(end, end);
  if (options.signal.aborted) end();
  else options.signal.addEventListener('abort', end, { once: true });
  return state;
}

/** Tells of changes in the folder of a file, where the file system tells. */
export function watchFolder(path: string): { next(): Promise<void> } & Disposable {
  let wake = Promise.withResolvers<void>();
  const watcher = watch(dirname(path), () => {
    wake.resolve();
    wake = Promise.withResolvers<void>();
  });
  watcher.on('error', () => undefined);
  return { next: () => wake.promise, [Symbol.dispose]: () => watcher.close() };
}

export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
