import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import type { AddedFile, KeptContext, KeptContexts, KeptFile, KeptSummary } from './kept-contexts.ts';

export interface KeptContextsOptions {
  readonly root: string;
  /** Bytes of all contexts; those not used for longest go. */
  readonly maxBytes: number;
  readonly report: (what: string, error: unknown) => void;
}

/** Contexts that are kept at most. */
const MAX_CONTEXTS = 64;
/** A pack is written anew when this much of it is of no use, and that is more than what is. */
const WASTE_BYTES = 16 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;
const BUFFER_BYTES = 1024 * 1024;

interface Entry extends KeptFile {
  readonly stamp: string;
}

export function createKeptContexts({ root, maxBytes, report }: KeptContextsOptions): KeptContexts {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const used = new Set<string>();
  let extra = 0;
  rmSync(join(root, 'extra'), { recursive: true, force: true });
  mkdirSync(join(root, 'extra'), { recursive: true, mode: 0o700 });

  const close = (folder: string, name: string, context: OpenContext, shared: boolean): void => {
    try {
      if (shared) context.save(bootId);
      else rmSync(folder, { recursive: true, force: true });
      if (shared) limit(root, maxBytes, used);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      report('keeping a build context', error);
    } finally {
      context.close();
      used.delete(name);
    }
  };
  return {
    list: () => listKept(root, used),
    remove(name) {
      if (/^[0-9a-f]{64}$/.test(name) && !used.has(name)) rmSync(join(root, name), { recursive: true, force: true });
    },
    open(key) {
      const name = createHash('sha256').update(key).digest('hex');
      const shared = key !== '' && !used.has(name);
      const folder = shared ? join(root, name) : join(root, 'extra', String(++extra));
      const context = openFolder(folder, shared ? bootId : undefined);
      if (shared) used.add(name);
      return Object.assign(context, { [Symbol.dispose]: () => close(folder, shared ? name : '', context, shared) });
    },
  };
}

/** What is there of this run of the machine, else an empty one; undefined: an empty one. */
function openFolder(folder: string, bootId: string | undefined): OpenContext {
  const entries = bootId === undefined ? undefined : readIndex(folder, bootId);
  if (entries === undefined) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return new OpenContext(folder, entries);
}

/** Undefined: there is none that can be believed. */
function readIndex(folder: string, bootId: string): Map<string, Entry> | undefined {
  try {
    const { boot, size, kept } = JSON.parse(readFileSync(join(folder, 'index'), 'utf8')) as {
      readonly boot: string;
      readonly size: number;
      readonly kept: readonly (readonly [string, string, string, number, number, string])[];
    };
    if (boot !== bootId || statSync(join(folder, 'pack')).size < size) return undefined;
    return new Map(
      kept.map(([path, stamp, hash, length, offset, xattrs]) => [path, { stamp, hash, size: length, offset, xattrs }]),
    );
  } catch {
    return undefined;
  }
}

function listKept(root: string, used: ReadonlySet<string>): readonly KeptSummary[] {
  return readdirSync(root)
    .filter((name) => name !== 'extra')
    .map((name) => {
      const index = statSync(join(root, name, 'index'), { throwIfNoEntry: false });
      const pack = statSync(join(root, name, 'pack'), { throwIfNoEntry: false });
      return {
        name,
        bytes: (index?.size ?? 0) + (pack?.size ?? 0),
        createdAtMs: pack?.birthtimeMs ?? 0,
        usedAtMs: index?.mtimeMs ?? 0,
        inUse: used.has(name),
      };
    });
}

function limit(root: string, maxBytes: number, used: ReadonlySet<string>): void {
  let bytes = 0;
  for (const [position, context] of listKept(root, used)
    .toSorted((a, b) => b.usedAtMs - a.usedAtMs)
    .entries()) {
    bytes += context.bytes;
    if ((position >= MAX_CONTEXTS || bytes > maxBytes) && !context.inUse)
      rmSync(join(root, context.name), { recursive: true, force: true });
  }
}

class OpenContext implements Omit<KeptContext, typeof Symbol.dispose> {
  private readonly fd: number;
  private readonly pending = Buffer.allocUnsafe(BUFFER_BYTES);
  private filled = 0;
  private readonly folder: string;
  private readonly entries: Map<string, Entry>;
  private written: number;
  private changed: boolean;

  constructor(folder: string, entries: Map<string, Entry> | undefined) {
    this.folder = folder;
    this.entries = entries ?? new Map();
    this.changed = entries === undefined;
    this.fd = openSync(join(folder, 'pack'), 'a+', 0o600);
    this.written = statSync(join(folder, 'pack')).size;
  }

  find(path: string, stamp: string): KeptFile | undefined {
    const entry = this.entries.get(path);
    return entry?.stamp === stamp ? entry : undefined;
  }

  async add(path: string, stamp: string, { attributes, content }: AddedFile): Promise<KeptFile> {
    const hash = createHash('sha256');
    const offset = this.written + this.filled;
    let size = 0;
    this.changed = true;
    for await (const piece of content) {
      hash.update(piece);
      size += piece.length;
      this.append(piece);
    }
    const entry = { stamp, hash: hash.digest('hex'), size, offset, xattrs: attributes };
    this.entries.set(path, entry);
    return entry;
  }

  pack(): string {
    this.flush();
    return join(this.folder, 'pack');
  }

  private *read({ size, offset }: KeptFile): Generator<Uint8Array> {
    for (let at = 0; at < size; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, size - at));
      const got = readSync(this.fd, piece, 0, piece.length, offset + at);
      if (got === 0) throw new KnownError('data_loss', 'a kept build context is cut off');
      at += got;
      yield piece.subarray(0, got);
    }
  }

  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of this.entries.keys())
      if (!paths.has(path)) {
        this.entries.delete(path);
        this.changed = true;
      }
  }

  save(boot: string): void {
    this.flush();
    const index = join(this.folder, 'index');
    if (!this.changed) return utimesSync(index, new Date(), new Date());
    const live = this.entries.values().reduce((sum, { size }) => sum + size, 0);
    // until there is an index again, nothing is believed
    rmSync(index, { force: true });
    if (this.written - live > Math.max(WASTE_BYTES, live)) this.compact();
    const kept = [...this.entries].map(([path, { stamp, hash, size, offset, xattrs }]) => [
      path,
      stamp,
      hash,
      size,
      offset,
      xattrs,
    ]);
    writeFileSync(`${index}.new`, JSON.stringify({ boot, size: this.written, kept }), { mode: 0o600 });
    renameSync(`${index}.new`, index);
  }

  close(): void {
    closeSync(this.fd);
  }

  private compact(): void {
    const path = join(this.folder, 'pack.new');
    const fd = openSync(path, 'w', 0o600);
    let at = 0;
    try {
      for (const [name, entry] of this.entries) {
        const offset = at;
        for (const piece of this.read(entry)) {
          writeAll(fd, piece);
          at += piece.length;
        }
        this.entries.set(name, { ...entry, offset });
      }
    } finally {
      closeSync(fd);
    }
    renameSync(path, join(this.folder, 'pack'));
    this.written = at;
  }

  private append(piece: Uint8Array): void {
    if (piece.length > BUFFER_BYTES - this.filled) this.flush();
    if (piece.length > BUFFER_BYTES) {
      writeAll(this.fd, piece);
      this.written += piece.length;
      return;
    }
    this.pending.set(piece, this.filled);
    this.filled += piece.length;
  }

  private flush(): void {
    const bytes = this.pending.subarray(0, this.filled);
    this.filled = 0;
    writeAll(this.fd, bytes);
    this.written += bytes.length;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}
