import { closeSync, openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { TaskGroup } from '../../lib/async/task-group.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { LayerTable } from './layer-table.host.ts';

/** Brings unpacked layers to disk when nobody waits for it: what unpacks next to it would be slowed down. */
export interface Flusher {
  /** There is a new layer: a while after the last one all of them are flushed. */
  soon(): void;
  /** Now. Resolves when every layer that was in the table before is on disk and noted so. */
  flush(): Promise<void>;
}

const DELAY_MS = 2000;

export function createFlusher(deps: {
  readonly table: LayerTable;
  /** Anything on the layers' file system. */
  readonly folder: string;
  readonly background: TaskGroup;
}): Flusher {
  const { table, folder, background } = deps;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = Promise.resolve();
  const once = async (): Promise<void> => {
    const rows = table.unsure();
    if (rows.length === 0) return;
    await syncFileSystem(folder);
    table.noteDurable(rows);
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    running = running.catch(() => undefined).then(once);
    return running;
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => background.spawn('bringing layers to disk', flush), DELAY_MS);
    timer.unref();
  };
  if (table.unsure().length > 0) soon();
  return { soon, flush };
}

/** syncfs(2) on a thread of its own: it may take seconds. */
async function syncFileSystem(folder: string): Promise<void> {
  const fd = openSync(folder, 'r');
  const worker = new Worker(new URL('./sync.worker.ts', import.meta.url));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  worker.once('message', resolve);
  worker.once('error', reject);
  worker.once('exit', () => resolve('the thread ended without an answer'));
  worker.postMessage(fd);
  try {
    const problem = await promise;
    if (problem !== '') throw new KnownError('system', `bringing layers to disk: ${problem}`);
  } catch (error) {
    throw error instanceof KnownError ? error : new KnownError('system', messageOf(error), { cause: error });
  } finally {
    await worker.terminate();
    closeSync(fd);
  }
}
