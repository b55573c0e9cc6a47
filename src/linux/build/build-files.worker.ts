import { closeSync, lstatSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { posix } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { createExtractor } from '../../lib/tar/extract.ts';
import { createTarParser, type TarSink } from '../../lib/tar/parser.ts';
import { makeDevice, mknod } from '../ffi/libc.host.ts';
import { writeAttributes } from './attributes.host.ts';
import { checkCancelled, watchCancelling } from './cancelling.host.ts';
import { createContextSink } from './context-sink.host.ts';
import { ensureFolder, looksOf, placeFiles } from './copy-files.host.ts';
import { indexTree } from './index-tree.host.ts';
import { createOwnRoot, SOURCE, TARGET } from './own-root.host.ts';
import { packUpper } from './pack-upper.host.ts';
import type { TreeEntry } from './tree-entry.ts';
import type { FromThread, ToThread, Work } from './work.ts';

/** A thread that does pieces of work on files, each below roots of its own. Only synchronous calls touch paths. */
const port = parentPort;
const inbox: ToThread[] = [];
let wake: (() => void) | undefined;
port?.on('message', (message: ToThread) => {
  inbox.push(message);
  wake?.();
});
const root = createOwnRoot();

void main();

async function main(): Promise<void> {
  for (;;) {
    const message = await receive();
    if (message.kind === 'hello') watchCancelling(message.flag);
    if (message.kind === 'close') break;
    if (message.kind !== 'work') continue; // of an archive whose work has failed
    try {
      await perform(message.work);
      post({ kind: 'done' });
    } catch (error) {
      post({
        kind: 'failed',
        error: { kind: error instanceof KnownError ? error.kind : 'system', message: messageOf(error) },
      });
    }
  }
  root.close();
  port?.close();
}

async function perform(work: Work): Promise<void> {
  const { task } = work;
  switch (task.kind) {
    case 'scan':
      return await scan(task);
    case 'unpack': {
      const spool = openSync(task.spool, 'r');
      try {
        return await root.inside(task.folder, async () => unpack(spool));
      } finally {
        closeSync(spool);
      }
    }
    case 'remove':
      return await root.inside(task.folder, async () => {
        for (const path of task.paths) rmSync(path, { recursive: true, force: true });
      });
    case 'text':
      return await root.within({ source: task.tree }, work, async () =>
        post({ kind: 'text', path: task.path, text: readText(`${SOURCE}${task.path}`, task.maxBytes) }),
      );
    case 'index':
      return await root.within({ source: task.tree }, work, async () => tell(indexTree(SOURCE, task.paths, task.hash)));
    case 'place':
      return await root.within({ target: task.target, source: task.source }, work, async () =>
        placeFiles(task.request, { source: SOURCE, target: TARGET }),
      );
    case 'extract':
      return await root.within({ target: task.target }, work, async () => await extract(task.request));
    case 'folder':
      return await root.within({ target: task.target }, work, async () => {
        const { owner, clampSeconds } = task;
        ensureFolder(TARGET, task.path, looksOf({ owner, mode: '', clampSeconds }, TARGET));
      });
    case 'pack': {
      const blob = openSync(task.request.blob, 'wx', 0o644);
      try {
        await root.inside(task.request.upper, async () =>
          post({ kind: 'packed', layer: packUpper(task.request, blob) }),
        );
      } finally {
        closeSync(blob);
      }
    }
  }
}

function readText(path: string, maxBytes: number): string {
  const stat = lstatSync(path);
  if (!stat.isFile()) throw new KnownError('invalid_parameter', `${path.slice(SOURCE.length)} is no file`);
  if (stat.size > maxBytes) throw new KnownError('invalid_parameter', `${path.slice(SOURCE.length)} is too large`);
  return readFileSync(path, 'utf8');
}

const MAX_TEXT_BYTES = 8 * 1024 * 1024;

/** Writes an archive down and looks what is in it. */
async function scan({ spool, texts }: Extract<Work['task'], { kind: 'scan' }>): Promise<void> {
  const context = createContextSink({ dry: true });
  const wanted = new Set(texts);
  const found = new Map<string, Buffer[]>();
  let reading: Buffer[] | undefined;
  const sink: TarSink = {
    ...context.sink,
    entry(header) {
      context.sink.entry(header);
      const path = posix.normalize(`/${header.name}`);
      reading = header.type === 'file' && wanted.has(path) && header.size <= MAX_TEXT_BYTES ? [] : undefined;
      if (reading) found.set(path, reading);
      else found.delete(path);
    },
    data(piece) {
      context.sink.data(piece);
      reading?.push(Buffer.from(piece));
    },
  };
  const fd = openSync(spool, 'wx', 0o600);
  try {
    await parseArchive(sink, (bytes) => {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    });
  } finally {
    closeSync(fd);
  }
  const entries = context.finish();
  if (entries === undefined) return post({ kind: 'astray' });
  for (const [path, pieces] of found) post({ kind: 'text', path, text: Buffer.concat(pieces).toString('utf8') });
  tell(entries);
}

function unpack(spool: number): void {
  const context = createContextSink({ dry: false });
  const parser = createTarParser(context.sink);
  const chunk = Buffer.alloc(1024 * 1024);
  try {
    for (let got = readSync(spool, chunk); got > 0; got = readSync(spool, chunk)) {
      checkCancelled();
      parser.write(chunk.subarray(0, got));
    }
    parser.end();
    tell(context.finish() ?? indexTree('', ['/'], true));
  } finally {
    context.close();
  }
}

async function extract(request: Extract<Work['task'], { kind: 'extract' }>['request']): Promise<void> {
  const looks = looksOf(request, TARGET);
  const folder = ensureFolder(TARGET, request.destination, looks);
  const { clampSeconds } = request;
  const { sink, finish, close } = createExtractor({
    folder,
    keepKinds: true,
    owner: request.owner === '' ? 'archive' : looks.owner,
    makeNode: (path, { type, deviceMajor, deviceMinor }) =>
      type === 'fifo'
        ? mknod(path, 0o010000, 0)
        : mknod(path, type === 'block' ? 0o060000 : 0o020000, makeDevice(deviceMajor, deviceMinor)),
    setXattrs: writeAttributes,
  });
  try {
    await parseArchive({
      ...sink,
      entry(header) {
        const mtime = clampSeconds === undefined ? header.mtime : Math.min(header.mtime, clampSeconds);
        const mode = header.type === 'symlink' ? header.mode : looks.mode(header.mode, header.type === 'directory');
        sink.entry({ ...header, mtime, mode });
      },
    });
    finish();
  } finally {
    close();
  }
}

async function parseArchive(sink: TarSink, also: (bytes: Uint8Array) => void = () => undefined): Promise<void> {
  const parser = createTarParser(sink);
  for (let message = await receive(); message.kind !== 'end'; message = await receive()) {
    if (message.kind === 'cancel') checkCancelled();
    if (message.kind !== 'piece') throw new KnownError('system', 'an archive was cut off by other work');
    parser.write(message.bytes);
    also(message.bytes);
    post({ kind: 'credit' });
  }
  parser.end();
}

const BATCH = 2000;

function tell(entries: Iterable<TreeEntry>): void {
  let batch: TreeEntry[] = [];
  for (const entry of entries) {
    batch.push(entry);
    if (batch.length < BATCH) continue;
    post({ kind: 'entries', entries: batch });
    batch = [];
  }
  post({ kind: 'entries', entries: batch });
}

async function receive(): Promise<ToThread> {
  for (;;) {
    const message = inbox.shift();
    if (message) return message;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

function post(message: FromThread): void {
  port?.postMessage(message);
}
