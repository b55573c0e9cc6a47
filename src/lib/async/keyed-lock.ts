/** Mutual exclusion by key: holders of one key run one after another, in order of arrival. */
export interface KeyedLock {
  /** Waits for the key, runs `work`, and frees the key whether it succeeds or fails. Not reentrant. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export function createKeyedLock(): KeyedLock {
  const tails = new Map<string, Promise<void>>();
  return {
    async run(key, work) {
      const before = tails.get(key);
      const { promise: mine, resolve: free } = Promise.withResolvers<void>();
      tails.set(key, mine);
      await before;
      try {
        return await work();
      } finally {
        if (tails.get(key) === mine) tails.delete(key);
        free();
      }
    },
  };
}
