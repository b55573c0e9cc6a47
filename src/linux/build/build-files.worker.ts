import { closeSync, openSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { createExtractor } from '../../lib/tar/extract.ts';
import { createTarParser, type TarSink } from '../../lib/tar/parser.ts';
import { closeLibc, makeDevice, mknod } from '../ffi/libc.host.ts';
import { writeAttributes } from './attributes.host.ts';
import type { PackView, TreeView } from './build-files.ts';
import { checkCancelled, watchCancelling } from './cancelling.host.ts';
import { createContextPack } from './context-pack.host.ts';
import { ensureFolder, looksOf, makeTree, placeFiles } from './copy-files.host.ts';
import type { CopySource } from './copy-source.ts';
import { createFolderSource } from './folder-source.host.ts';
import { indexTree } from './index-tree.host.ts';
import { createOwnRoot, SOURCE, TARGET, type Trees } from './own-root.host.ts';
import { createPackSource } from './pack-source.host.ts';
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
  closeLibc();
  port?.close();
}

async function perform(work: Work): Promise<void> {
  const { task } = work;
  switch (task.kind) {
    case 'scan':
      return await scan(task);
    case 'unpack':
      return await withPack(
        task.source,
        async (source) => await root.inside(task.folder, async () => makeTree(source)),
      );
    case 'text':
      return await readFrom(task.tree, work, async (source) => {
        const text = readText(source, task.path, task.maxBytes);
        post({ kind: 'text', text });
      });
    case 'index':
      return await root.within({ source: task.tree }, work, async () => tell(indexTree(SOURCE, task.paths, task.hash)));
    case 'place':
      return await readFrom(task.source, { ...work, target: task.target }, async (source) =>
        placeFiles(task.request, source, TARGET),
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

/** Runs `work` where the tree can be read. */
async function readFrom(
  tree: TreeView,
  { target, ...folders }: Pick<Work, 'place' | 'empty'> & Pick<Trees, 'target'>,
  work: (source: CopySource) => Promise<void>,
): Promise<void> {
  const own = target ? { target } : {};
  if (tree.kind === 'pack')
    return await withPack(tree, async (source) => await root.within(own, folders, async () => await work(source)));
  return await root.within({ ...own, source: tree }, folders, async () => await work(createFolderSource(SOURCE)));
}

/** Opened before the root changes. */
async function withPack({ path, entries }: PackView, work: (source: CopySource) => Promise<void>): Promise<void> {
  const pack = openSync(path, 'r');
  try {
    await work(createPackSource(pack, entries));
  } finally {
    closeSync(pack);
  }
}

function readText(source: CopySource, path: string, maxBytes: number): string {
  const { type, size } = source.look(path);
  if (type !== 'file') throw new KnownError('invalid_parameter', `${path} is no file`);
  if (size > maxBytes) throw new KnownError('invalid_parameter', `${path} is too large`);
  return source.readContent(path).toString('utf8');
}

/** Writes the contents of an archive down and looks what is in it. */
async function scan({ pack }: Extract<Work['task'], { kind: 'scan' }>): Promise<void> {
  const fd = openSync(pack, 'wx', 0o600);
  try {
    const context = createContextPack(fd);
    await parseArchive(context.sink);
    tell(context.finish());
  } finally {
    closeSync(fd);
  }
}

async function extract(request: Extract<Work['task'], { kind: 'extract' }>['request']): Promise<void> {
  const looks = looksOf(request, TARGET);
  const folder = ensureFolder(TARGET, request.destination, looks);
  const { clampSeconds } = request;
  const { sink, finish, close } = createExtractor({
    folder,
    keepKinds: true,
    owner: request.owner === '' ? 'archive' : () => looks.owner,
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

async function parseArchive(sink: TarSink): Promise<void> {
  const parser = createTarParser(sink);
  for (let message = await receive(); message.kind !== 'end'; message = await receive()) {
    if (message.kind === 'cancel') checkCancelled();
    if (message.kind !== 'piece') throw new KnownError('system', 'an archive was cut off by other work');
    parser.write(message.bytes);
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
