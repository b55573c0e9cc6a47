import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { inPieces } from '../../lib/async/in-pieces.ts';
import { KnownError } from '../../lib/errors.ts';
import type { ContainerFiles, FileChange, PathStat } from './container-files.ts';
import { type FromThread, PIECES_IN_FLIGHT, type ToThread, type Work } from './work.ts';

/** Uses two folders below `root`, which stay empty. */
export function createContainerFiles({ root }: { readonly root: string }): ContainerFiles {
  const [place, empty] = [join(root, 'view'), join(root, 'none')];
  for (const folder of [place, empty]) mkdirSync(folder, { recursive: true, mode: 0o711 });
  const start = (task: Work['task'], signal: AbortSignal): Thread => startThread({ place, empty, task }, signal);
  return {
    async stat(view, path, signal) {
      using thread = start({ kind: 'stat', view, path }, signal);
      const stat = await expectStat(thread);
      await thread.next();
      return stat;
    },
    async read(view, path, signal) {
      const thread = start({ kind: 'read', view, path }, signal);
      try {
        return { stat: await expectStat(thread), archive: pieces(thread, await thread.next()) };
      } catch (error) {
        thread[Symbol.dispose]();
        throw error;
      }
    },
    async write(view, { archive, ...request }, signal) {
      using thread = start({ kind: 'write', view, ...request }, signal);
      await feed(thread, archive, signal);
    },
    tree: async (view, signal) => await openArchive(start({ kind: 'tree', view }, signal)),
    async changes(layers, signal) {
      using thread = start({ kind: 'changes', layers }, signal);
      const found: FileChange[] = [];
      for (let answer = await thread.next(); answer.kind !== 'done'; answer = await thread.next())
        if (answer.kind === 'changes') found.push(...answer.changes);
      return found;
    },
    layer: async (layers, signal) => await openArchive(start({ kind: 'layer', layers }, signal)),
  };
}

async function expectStat(thread: Thread): Promise<PathStat> {
  const answer = await thread.next();
  if (answer.kind !== 'stat') throw new KnownError('system', `a thread answered ${answer.kind} for a path's facts`);
  return answer.stat;
}

/** The first piece is waited for, so that a failure to begin is one of the call. */
async function openArchive(thread: Thread): Promise<AsyncIterable<Uint8Array>> {
  try {
    return pieces(thread, await thread.next());
  } catch (error) {
    thread[Symbol.dispose]();
    throw error;
  }
}

async function* pieces(thread: Thread, first: FromThread): AsyncGenerator<Uint8Array> {
  using _ending = thread;
  for (let answer = first; answer.kind !== 'done'; answer = await thread.next()) {
    if (answer.kind !== 'piece') continue;
    yield answer.bytes;
    thread.send({ kind: 'credit' });
  }
}

/** Sends an archive, a bounded number of pieces ahead. What the thread refuses ends the sending. */
async function feed(thread: Thread, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
  let credit = PIECES_IN_FLIGHT;
  for await (const bytes of inPieces(archive, PIECE_BYTES)) {
    signal.throwIfAborted();
    while (credit === 0) if ((await thread.next()).kind === 'credit') credit++;
    credit--;
    thread.give(bytes);
    for (let early = thread.take(); early; early = thread.take()) if (early.kind === 'credit') credit++;
  }
  thread.send({ kind: 'end' });
  while ((await thread.next()).kind !== 'done');
}

/** A message between threads costs as much as copying tens of kilobytes, and a socket gives no more at once. */
const PIECE_BYTES = 256 * 1024;

/** One thread at work. `next` throws its failure; ending it is always right. */
interface Thread extends Disposable {
  send(message: ToThread): void;
  /** A piece, whose memory is the thread's from now on. */
  give(bytes: Uint8Array<ArrayBuffer>): void;
  next(): Promise<FromThread>;
  /** What has come already. */
  take(): FromThread | undefined;
}

function startThread(work: Work, signal: AbortSignal): Thread {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./files.worker.ts', import.meta.url));
  const answers: FromThread[] = [];
  let failure: unknown;
  let wake: (() => void) | undefined;
  let ended = false;
  const fail = (error: unknown): void => {
    failure ??= error;
    wake?.();
  };
  const end = (): void => {
    if (!ended) worker.postMessage({ kind: 'cancel' } satisfies ToThread);
  };
  const cancel = (): void => {
    fail(signal.reason);
    end();
  };
  worker.on('message', (answer: FromThread) => {
    ended ||= answer.kind === 'failed' || answer.kind === 'done';
    if (ended) void worker.terminate();
    if (answer.kind === 'failed') return fail(new KnownError(answer.error.kind, answer.error.message));
    answers.push(answer);
    wake?.();
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new KnownError('system', 'a thread for files ended without an answer')));
  signal.addEventListener('abort', cancel, { once: true });
  worker.postMessage({ kind: 'work', work } satisfies ToThread);
  const take = (): FromThread | undefined => {
    const answer = answers.shift();
    if (answer === undefined && failure !== undefined) throw failure;
    return answer;
  };
  return {
    send: (message) => worker.postMessage(message),
    give: (bytes) => worker.postMessage({ kind: 'piece', bytes } satisfies ToThread, [bytes.buffer]),
    take,
    async next() {
      for (let answer = take(); ; answer = take()) {
        if (answer) return answer;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    [Symbol.dispose]() {
      signal.removeEventListener('abort', cancel);
      end();
    },
  };
}
