import type { MissReason } from '../../engine/build/progress.ts';

/** What `--explain` prints: every step that was not cached, and the first input that was not what it had been. */
export function formatReasons(reasons: readonly { readonly name: string; readonly miss: MissReason }[]): string {
  if (reasons.length === 0) return 'Every step was in the cache.\n';
  return `Not in the cache:\n${reasons.map(({ name, miss }) => ` ${name}\n   ${reasonText(miss)}\n`).join('')}`;
}

function reasonText({ kind, input, before, now, build }: MissReason): string {
  switch (kind) {
    case 'never':
      return 'nothing like it was built before';
    case 'asked':
      return 'it was asked not to be taken from the cache';
    case 'gone':
      return `its result is no longer there${since(build)}`;
    case 'changed':
      return `${input}: ${change(before, now)}${since(build)}`;
  }
}

function change(before: string | undefined, now: string | undefined): string {
  if (before === undefined) return `new, ${now ?? ''}`;
  return now === undefined ? `gone, was ${before}` : `${before} -> ${now}`;
}

function since(build: MissReason['build']): string {
  if (build === undefined) return '';
  const at = new Date(build.atMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return ` (compared with the build of ${build.name === '' ? 'an image without a name' : build.name} at ${at})`;
}
