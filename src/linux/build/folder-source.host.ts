import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs';
import { llistxattr, makeDevice } from '../ffi/libc.host.ts';
import { readAttributes } from './attributes.host.ts';
import type { CopySource, SourceFile } from './copy-source.ts';
import { BUFFER_BYTES, createSparseWriter } from './sparse-writer.host.ts';

const BUFFER = Buffer.alloc(BUFFER_BYTES);

/** Files of a folder; `root` is a path of this thread. */
export function createFolderSource(root: string): CopySource {
  const on = (path: string): string => (path === '/' ? root : `${root}${path}`);
  return {
    look(path) {
      const at = on(path);
      const stat = lstatSync(at);
      return {
        type: typeOf(stat),
        mode: stat.mode & 0o7777,
        uid: stat.uid,
        gid: stat.gid,
        mtimeSeconds: stat.mtimeMs / 1000,
        size: stat.size,
        identity: stat.nlink > 1 && stat.isFile() ? inodeOf(at) : undefined,
        node: {
          mode: stat.mode & 0o170000,
          device: stat.isFIFO() ? 0 : makeDevice((stat.rdev >> 8) & 0xfff, stat.rdev & 0xff),
        },
      };
    },
    below: (folder) => walk(on(folder), ''),
    linkOf: (path) => readlinkSync(on(path)),
    attributesOf: (path) => readAttributes(on(path), llistxattr(on(path))),
    readContent: (path) => readFileSync(on(path)),
    writeContent(path, target) {
      const source = openSync(on(path), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const writer = createSparseWriter(target);
        for (let got = readSync(source, BUFFER); got > 0; got = readSync(source, BUFFER)) {
          writer.write(BUFFER.subarray(0, got));
          if (got < 4096) break; // the end of a small file
        }
        writer.end();
      } finally {
        closeSync(source);
      }
    },
  };
}

function* walk(root: string, prefix: string): Generator<string> {
  for (const entry of readdirSync(prefix === '' ? root : `${root}/${prefix}`, { withFileTypes: true })) {
    const relative = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    yield relative;
    if (entry.isDirectory()) yield* walk(root, relative);
  }
}

function typeOf(stat: Stats): SourceFile['type'] {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  return stat.isSocket() ? 'socket' : 'node';
}

/** Inode numbers of an overlay need all 64 bits. */
function inodeOf(path: string): string {
  const { dev, ino } = lstatSync(path, { bigint: true });
  return `${dev}:${ino}`;
}
