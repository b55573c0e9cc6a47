import { fstatSync, rmSync } from 'node:fs';
import { type ContainerLogs, type LogFileRecord, parseLine, type ReadLogOptions, toNanos } from './container-log.ts';
import { closeAll, isMoved, type OpenFile, openChain, placeInChain, readAt, rotatedFiles } from './log/chain.host.ts';
import { delay, type End, endOf, watchFolder } from './log/growth.host.ts';
import { createSplitter, planTail, wholeLines } from './log/lines.host.ts';

const BLOCK_BYTES = 64 * 1024;
/** Longest wait for news when the file system does not tell of changes. */
const POLL_MS = 500;

export function createContainerLogs(): ContainerLogs {
  return {
    read,
    remove(path) {
      for (const { file } of rotatedFiles(path)) rmSync(file, { force: true });
      rmSync(path, { force: true });
    },
  };
}

async function* read(path: string, options: ReadLogOptions): AsyncIterable<readonly LogFileRecord[]> {
  const { sinceNanos, untilNanos } = options;
  for await (const lines of readAll(path, options)) {
    if (options.signal.aborted) return;
    const records: LogFileRecord[] = [];
    for (const line of lines) {
      const record = parseLine(line);
      if (!record || (sinceNanos !== undefined && toNanos(record.time) < sinceNanos)) continue;
      if (untilNanos !== undefined && toNanos(record.time) > untilNanos) {
        if (records.length > 0) yield records;
        return;
      }
      records.push(record);
    }
    if (records.length > 0) yield records;
  }
}

/**
 * File after file. The one read last is held open until it is known which come after it. When that cannot be said, so many rotations have
 * passed that it is deleted: the reader was too slow, and what is left is read from its beginning.
 */
async function* readAll(path: string, options: ReadLogOptions): AsyncIterable<readonly Buffer[]> {
  const ended = endOf(options);
  let chain = await openWhenThere(path, options, ended);
  try {
    let starts = await planTail(chain, options.tail);
    while (true) {
      const last = chain.at(-1);
      for (const [at, file] of chain.entries())
        yield* options.stopped && file === last && !file.compressed
          ? growingLines(file, starts[at] ?? 0, path, options, ended)
          : wholeLines(file, starts[at] ?? 0);
      if (options.signal.aborted || !options.stopped || !last) return;
      const next = openChain(path);
      const read = chain;
      chain = next;
      const at = await placeInChain(last, next).finally(() => closeAll(read));
      closeAll(next.slice(0, at + 1));
      chain = next.slice(at + 1);
      if (chain.length === 0) return;
      starts = [];
    }
  } finally {
    closeAll(chain);
  }
}

/** With `stopped`, waits until there is a log. */
async function openWhenThere(path: string, options: ReadLogOptions, ended: End): Promise<readonly OpenFile[]> {
  while (true) {
    const { over } = ended;
    const chain = openChain(path);
    if (chain.length > 0 || over || !options.stopped) return chain;
    await Promise.race([ended.promise, delay(100)]);
  }
}

/** Lines from an offset on, waiting for more at the end. Ends when the container has stopped or the file was renamed away, and it is read. */
async function* growingLines(
  file: OpenFile,
  start: number,
  path: string,
  options: ReadLogOptions,
  ended: End,
): AsyncIterable<readonly Buffer[]> {
  const { fd } = file;
  const splitter = createSplitter();
  let position = start;
  using news = watchFolder(path);
  while (!options.signal.aborted) {
    // Asked before reading, so that an end seen afterwards is final.
    const final = ended.over || isMoved(file, path);
    const heard = news.next();
    const block = Buffer.alloc(BLOCK_BYTES); // its lines are the reader's
    const bytesRead = await readAt(fd, block, BLOCK_BYTES, position);
    if (bytesRead > 0) {
      position += bytesRead;
      yield splitter.push(block.subarray(0, bytesRead));
      continue;
    }
    if (fstatSync(fd).size < position) {
      // A log of one file is emptied when it is full.
      position = 0;
      splitter.clear();
      continue;
    }
    if (final) return;
    await Promise.race([ended.promise, heard, delay(POLL_MS)]);
  }
}
