import type { CacheLocks } from './run-mounts.ts';

/** One for a daemon: builds side by side use the same cache mounts. */
export function createCacheLocks(): CacheLocks & { isTaken(name: string): boolean } {
  const users = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();
  const free = (name: string): void => {
    const left = (users.get(name) ?? 1) - 1;
    if (left > 0) users.set(name, left);
    else users.delete(name);
    const woken = left > 0 ? [] : (waiting.get(name) ?? []);
    if (left <= 0) waiting.delete(name);
    for (const wake of woken) wake();
  };
  const hold = (name: string): { readonly name: string } & Disposable => {
    users.set(name, (users.get(name) ?? 0) + 1);
    let held = true;
    return {
      name,
      [Symbol.dispose]() {
        if (held) free(name);
        held = false;
      },
    };
  };
  return {
    isTaken: (name) => users.has(name),
    async take(name, sharing, signal) {
      if (sharing === 'private') {
        let own = name;
        for (let number = 1; users.has(own); number++) own = `${name}-${number}`;
        return hold(own);
      }
      if (sharing === 'locked')
        while (users.has(name)) {
          signal.throwIfAborted();
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          const leave = (): void => reject(signal.reason);
          waiting.set(name, [...(waiting.get(name) ?? []), resolve]);
          signal.addEventListener('abort', leave, { once: true });
          await promise.finally(() => signal.removeEventListener('abort', leave));
        }
      return hold(name);
    },
  };
}
