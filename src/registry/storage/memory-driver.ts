import { KnownError } from '../../lib/errors.ts';
import type { Driver } from './driver.ts';

interface File {
  readonly chunks: Uint8Array[];
  sizeBytes: number;
  modifiedMs: number;
}

/** `storage: inmemory`: everything is gone with the process. For tests and for trying things out. */
export function createMemoryDriver(deps: { readonly now: () => number }): Driver {
  const files = new Map<string, File>();

  function find(path: string): File {
    const file = files.get(path);
    if (file === undefined) throw new KnownError('not_found', `${path} not found`);
    return file;
  }

  function put(path: string, chunks: Uint8Array[]): void {
    const sizeBytes = chunks.reduce((sum, { length }) => sum + length, 0);
    files.set(path, { chunks, sizeBytes, modifiedMs: deps.now() });
  }

  return {
    read: async (path) => new Uint8Array(Buffer.concat(find(path).chunks)),
    async write(path, bytes) {
      put(path, [typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes.slice()]);
    },
    async stat(path) {
      const file = files.get(path);
      return file && { sizeBytes: file.sizeBytes, modifiedMs: file.modifiedMs };
    },
    async *stream(path, range) {
      const { chunks, sizeBytes } = find(path);
      const { start, end } = range ?? { start: 0, end: sizeBytes };
      let offset = 0;
      for (const chunk of chunks.slice()) {
        const part = chunk.subarray(Math.max(0, start - offset), Math.max(0, end - offset));
        if (part.length > 0) yield part;
        offset += chunk.length;
      }
    },
    async append(path) {
      if (!files.has(path)) put(path, []);
      return {
        async write(bytes) {
          const file = find(path);
          file.chunks.push(bytes.slice());
          file.sizeBytes += bytes.length;
          file.modifiedMs = deps.now();
        },
        sync: async () => undefined,
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
    async move(from, to) {
      const file = find(from);
      files.delete(from);
      files.set(to, file);
    },
    async list(path) {
      const prefix = path === '' ? '' : `${path}/`;
      const below = [...files.keys()]
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length));
      return [...new Set(below.map((name) => name.replace(/\/.*$/, '/')))].sort();
    },
    async remove(path) {
      for (const name of files.keys()) if (name === path || name.startsWith(`${path}/`)) files.delete(name);
    },
  };
}
