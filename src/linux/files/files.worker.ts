import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import { ownerOnDisk } from '../../lib/id-map.ts';
import { type PackOptions, packTree } from '../../lib/tar/pack.ts';
import { createTarParser } from '../../lib/tar/parser.ts';
import { closeLibc } from '../ffi/libc.host.ts';
import { findChanges, packLayer } from './changes.host.ts';
import { openTarget } from './extract.host.ts';
import { archiveRoot, statPath, xattrsOf } from './stat.host.ts';
import { enterLayers, enterView } from './view.host.ts';
import { type FilesView, mapOf } from './view.ts';
import { type FromThread, PIECES_IN_FLIGHT, type ToThread, type Work } from './work.ts';

/**
 * A thread that does one piece of work on a container's files and ends. It leaves the process's root and mounts behind first; only
 * synchronous calls follow, since asynchronous ones run on other threads. It is never ended from outside in the middle: descriptors are the process's, and
 * would outlive it.
 */
const port = parentPort;
const inbox: ToThread[] = [];
let wake: (() => void) | undefined;
port?.on('message', (message: ToThread) => {
  inbox.push(message);
  wake?.();
});

void main();

async function main(): Promise<void> {
  try {
    const first = await receive();
    if (first.kind !== 'work') throw new KnownError('system', 'a thread got no work');
    await perform(first.work);
    end({ kind: 'done' });
  } catch (error) {
    end({ kind: 'failed', error: describe(error) });
  }
}

async function perform({ place, empty, task }: Work): Promise<void> {
  if ('layers' in task) enterLayers(task.layers, place, empty);
  else enterView(task.view, place);
  switch (task.kind) {
    case 'stat':
      return post({ kind: 'stat', stat: statPath(task.path) });
    case 'read': {
      const stat = statPath(task.path);
      post({ kind: 'stat', stat });
      return await send(packTree(archiveRoot(task.path, stat), packing(task.view)));
    }
    case 'tree':
      return await send(packTree({ path: '/', name: '' }, packing(task.view)));
    case 'write':
      return await extract(task);
    case 'changes':
      return post({ kind: 'changes', changes: findChanges('/u', '/l') });
    case 'layer':
      return await send(packLayer('/u', '/l'));
  }
}

/** Owners are those that the container knows. */
function packing(view: FilesView): PackOptions {
  const map = mapOf(view);
  if (!map) return { xattrsOf };
  return {
    xattrsOf,
    map: (_path, entry) => ({ ...entry, ...ownerOnDisk(map, { uid: entry.uid ?? 0, gid: entry.gid ?? 0 }) }),
  };
}

async function extract(task: Extract<Work['task'], { kind: 'write' }>): Promise<void> {
  const accounts = { passwd: readText('/etc/passwd'), group: readText('/etc/group') };
  const { sink, finish, close } = openTarget(task, accounts);
  const parser = createTarParser(sink);
  try {
    for (let message = await receive(); message.kind !== 'end'; message = await receive()) {
      if (message.kind !== 'piece') continue;
      parser.write(message.bytes);
      post({ kind: 'credit' });
    }
    parser.end();
    finish();
  } finally {
    close();
  }
}

const ACCOUNTS_MAX_BYTES = 4 * 1024 * 1024;

function readText(path: string): string {
  try {
    return readFileSync(path).subarray(0, ACCOUNTS_MAX_BYTES).toString('utf8');
  } catch {
    return '';
  }
}

/** Sends pieces as long as there is leave to. */
async function send(pieces: Iterable<Uint8Array<ArrayBuffer>>): Promise<void> {
  let credit = PIECES_IN_FLIGHT;
  for (const bytes of pieces) {
    while (credit === 0 || inbox.length > 0) if ((await receive()).kind === 'credit') credit++;
    credit--;
    port?.postMessage({ kind: 'piece', bytes } satisfies FromThread, [bytes.buffer]);
  }
}

/** Errors: cancelled, so that what is open is closed on the way out. */
async function receive(): Promise<ToThread> {
  for (;;) {
    const message = inbox.shift();
    if (message?.kind === 'cancel') throw new KnownError('cancelled', 'context canceled');
    if (message) return message;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

function end(message: FromThread): void {
  closeLibc();
  post(message);
}

function post(message: FromThread): void {
  port?.postMessage(message);
}

function describe(error: unknown): Extract<FromThread, { kind: 'failed' }>['error'] {
  if (errnoOf(error) === 'ENOENT') return { kind: 'not_found', message: messageOf(error) };
  return { kind: error instanceof KnownError ? error.kind : 'system', message: messageOf(error) };
}
