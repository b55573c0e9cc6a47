import { createHash } from 'node:crypto';
import type { HostConfig } from '../../api/types/container.ts';
import type { FileSource, Step } from '../../build/plan/plan.ts';
import type { SelectedFile } from './select.ts';

/** Names what a stage's files are after a step: from what they were made, and how. Times of files are no part of it. */
export type CacheKey = string & { readonly __cacheKey: never };

/** The key of a stage before its first step. */
export function baseKey(base: FileSource, stageKey: (index: number) => CacheKey): CacheKey {
  if (base.kind === 'stage') return stageKey(base.index);
  return hashOf(['base', base.kind === 'image' ? base.digest : base.kind]);
}

/** The key after a step; `content` names the files it takes in. Config steps leave files as they are. */
export function stepKey(before: CacheKey, step: Step, content: string, hostConfig: HostConfig): CacheKey {
  switch (step.kind) {
    case 'config':
      return before;
    case 'directory':
      return hashOf([before, 'directory', step.path, step.user]);
    case 'run':
      return hashOf([
        before,
        'run',
        step.argv,
        step.env,
        step.workingDirectory,
        step.user,
        hostConfig.NetworkMode ?? '',
      ]);
    case 'copy':
      return hashOf([
        before,
        step.instruction,
        step.paths,
        step.files,
        step.destination,
        step.chown,
        step.chmod,
        step.unpack ?? '',
        content,
      ]);
  }
}

/** Names files by everything that ends up in the image, but for times. */
export function filesHash(files: readonly SelectedFile[]): string {
  const hash = createHash('sha256');
  for (const { target, entry } of files.toSorted((a, b) => (a.target < b.target ? -1 : 1))) {
    const { type, mode, uid, gid, size, linkName, deviceMajor, deviceMinor, xattrs } = entry.header;
    const extra = Object.entries(xattrs).map(([name, value]) => [name, Buffer.from(value).toString('hex')]);
    hash.update(
      JSON.stringify([
        target,
        type,
        mode,
        uid,
        gid,
        size,
        type === 'symlink' ? linkName : '',
        deviceMajor,
        deviceMinor,
        extra.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
        entry.contentHash,
      ]),
    );
  }
  return hash.digest('hex');
}

export function hashOf(parts: readonly unknown[]): CacheKey {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex') as CacheKey;
}
