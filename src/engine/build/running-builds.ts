import { KnownError } from '../../lib/errors.ts';

/** Builds that go on, by the names that their clients gave them. */
export interface RunningBuilds {
  /** A signal that `outer` and `cancel` abort; dispose when the build has ended. '' cannot be cancelled by name. */
  begin(id: string, outer: AbortSignal): { readonly signal: AbortSignal } & Disposable;
  /** False: none has that name. */
  cancel(id: string): boolean;
}

export function createRunningBuilds(): RunningBuilds {
  const running = new Map<string, Set<AbortController>>();
  return {
    begin(id, outer) {
      const own = new AbortController();
      const same = running.get(id) ?? new Set();
      running.set(id, same.add(own));
      return {
        signal: AbortSignal.any([outer, own.signal]),
        [Symbol.dispose]() {
          same.delete(own);
          if (same.size === 0) running.delete(id);
        },
      };
    },
    cancel(id) {
      const same = id === '' ? undefined : running.get(id);
      for (const own of same ?? []) own.abort(new KnownError('cancelled', 'build canceled'));
      return same !== undefined;
    },
  };
}
