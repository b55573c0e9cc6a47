import { existsSync, readFileSync, statfsSync } from 'node:fs';

/** Bytes of the file system that a path is on. */
export function diskBytes(path: string): { readonly total: number; readonly free: number } {
  const { bsize, blocks, bavail } = statfsSync(path);
  return { total: bsize * blocks, free: bsize * bavail };
}

/** A field of os-release(5). */
export function osRelease(field: string): string {
  const path = '/etc/os-release';
  const line = existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .find((text) => text.startsWith(`${field}=`))
    : undefined;
  return line?.slice(field.length + 1).replaceAll('"', '') ?? 'Linux';
}
