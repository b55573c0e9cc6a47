import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { KnownError } from '../../lib/errors.ts';
import type { BuildFiles, PackedLayer } from './build-files.ts';
import type { TreeEntry } from './tree-entry.ts';
import { type FromThread, PIECES_IN_FLIGHT, type ToThread, type Work } from './work.ts';

/** How long a thread waits for more work: to start one takes tens of milliseconds. */
const IDLE_MS = 10_000;

/** Uses two folders below `root`, which stay empty. */
export function createBuildFiles({ root }: { readonly root: string }): BuildFiles {
  const [place, empty] = [join(root, 'place'), join(root, 'none')];
  for (const folder of [place, empty]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  const idle: Thread[] = [];

  const perform = async (
    task: Work['task'],
    archive: AsyncIterable<Uint8Array> | undefined,
    signal: AbortSignal,
    onAnswer: (answer: FromThread) => void = () => undefined,
  ): Promise<void> => {
    signal.throwIfAborted();
    const thread = idle.pop() ?? startThread((ended) => remove(idle, ended));
    thread.rest(undefined);
    const cancel = (): void => thread.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      thread.begin({ place, empty, task });
      if (archive) await feed(thread, archive, signal);
      for (let answer = await thread.next(); answer.kind !== 'done'; answer = await thread.next()) onAnswer(answer);
    } catch (error) {
      // the files are nobody's until the thread has let go of them
      await thread.giveUp();
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
    thread.rest(IDLE_MS);
    idle.push(thread);
  };
  const entriesOf = async (
    task: Work['task'],
    archive: AsyncIterable<Uint8Array> | undefined,
    signal: AbortSignal,
  ): Promise<readonly TreeEntry[]> => {
    const found: TreeEntry[] = [];
    await perform(task, archive, signal, (answer) => {
      if (answer.kind === 'entries') for (const entry of answer.entries) found.push(entry);
    });
    return found;
  };

  return {
    scanContext: async (pack, archive, signal) => await entriesOf({ kind: 'scan', pack }, archive, signal),
    unpack: async (folder, source, signal) => await perform({ kind: 'unpack', folder, source }, undefined, signal),
    index: async (tree, paths, { hash }, signal) =>
      await entriesOf({ kind: 'index', tree, paths, hash }, undefined, signal),
    async readText(tree, path, maxBytes, signal) {
      let read: string | undefined;
      await perform({ kind: 'text', tree, path, maxBytes }, undefined, signal, (answer) => {
        if (answer.kind === 'text') read = answer.text;
      });
      if (read === undefined) throw new KnownError('system', 'a thread has read nothing');
      return read;
    },
    place: async (target, source, request, signal) =>
      await perform({ kind: 'place', target, source, request }, undefined, signal),
    extract: async (target, request, archive, signal) =>
      await perform({ kind: 'extract', target, request }, archive, signal),
    makeFolder: async (target, path, owner, clampSeconds, signal) =>
      await perform({ kind: 'folder', target, path, owner, clampSeconds }, undefined, signal),
    async pack(request, signal) {
      let packed: PackedLayer | undefined;
      await perform({ kind: 'pack', request }, undefined, signal, (answer) => {
        if (answer.kind === 'packed') packed = answer.layer;
      });
      if (packed === undefined) throw new KnownError('system', 'a thread has packed nothing');
      return packed;
    },
  };
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at !== -1) list.splice(at, 1);
}

/** Sends an archive, a bounded number of pieces ahead. What the thread refuses ends the sending. */
async function feed(thread: Thread, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  let credit = PIECES_IN_FLIGHT;
  for await (const bytes of archive) {
    signal.throwIfAborted();
    while (credit === 0) if ((await thread.next()).kind === 'credit') credit++;
    credit--;
    thread.give(new Uint8Array(bytes));
    for (let early = thread.take(); early; early = thread.take()) if (early.kind === 'credit') credit++;
  }
  thread.send({ kind: 'end' });
}

/** A thread and what it has answered. */
interface Thread {
  begin(work: Work): void;
  send(message: ToThread): void;
  /** Sends a piece of an archive, whose memory it has from then on: to clone a view would take all of the buffer behind it along. */
  give(bytes: Uint8Array<ArrayBuffer>): void;
  /** Errors: the work's. */
  next(): Promise<FromThread>;
  /** What has come already. */
  take(): FromThread | undefined;
  /** Asks it to give its work up. */
  cancel(): void;
  /** After a failure: waits until the work has ended, and ends the thread. */
  giveUp(): Promise<void>;
  /** Ends by itself after that time; undefined: no more. */
  rest(timeoutMs: number | undefined): void;
}

function startThread(onEnd: (thread: Thread) => void): Thread {
  const worker = new Worker(new URL('./build-files.worker.ts', import.meta.url));
  const flag = new SharedArrayBuffer(4);
  const asked = new Int32Array(flag);
  const answers: FromThread[] = [];
  let broken: unknown;
  let working = false;
  let wake: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const breakWith = (error: unknown): void => {
    broken ??= error;
    wake?.();
  };
  worker.on('message', (answer: FromThread) => {
    answers.push(answer);
    wake?.();
  });
  worker.on('error', breakWith);
  worker.on('exit', () => {
    breakWith(new KnownError('system', 'a thread for files ended without an answer'));
    onEnd(thread);
  });
  const send = (message: ToThread): void => worker.postMessage(message);
  const take = (): FromThread | undefined => {
    const answer = answers.shift();
    if (answer === undefined && broken !== undefined) throw broken;
    if (answer?.kind === 'done' || answer?.kind === 'failed') working = false;
    if (answer?.kind === 'failed') throw new KnownError(answer.error.kind, answer.error.message);
    return answer;
  };
  const cancel = (): void => {
    Atomics.store(asked, 0, 1);
    send({ kind: 'cancel' });
  };
  const close = (): void => {
    clearTimeout(timer);
    onEnd(thread);
    send({ kind: 'close' });
  };
  const thread: Thread = {
    begin(work) {
      working = true;
      send({ kind: 'work', work });
    },
    send,
    give: (bytes) => worker.postMessage({ kind: 'piece', bytes } satisfies ToThread, [bytes.buffer]),
    take,
    async next() {
      for (let answer = take(); ; answer = take()) {
        if (answer) return answer;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    cancel,
    async giveUp() {
      if (working) cancel();
      while (working && broken === undefined) await thread.next().catch(() => undefined);
      close();
    },
    rest(timeoutMs) {
      clearTimeout(timer);
      if (timeoutMs === undefined) return;
      timer = setTimeout(close, timeoutMs);
      timer.unref();
    },
  };
  send({ kind: 'hello', flag });
  return thread;
}
