import type { GrowingBlob } from './content-store.ts';

/** The writer's side of a growing blob. */
export interface Growth {
  readonly blob: GrowingBlob;
  /** So many bytes can be read now. */
  reach(bytes: number): void;
  /** That was all. */
  end(): void;
  fail(error: unknown): void;
}

export function createGrowth(path: string): Growth {
  let there = 0;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const tell = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  return {
    blob: {
      path,
      async more(have) {
        for (;;) {
          if (failure) throw failure.error;
          if (ended || there > have) return { bytes: there, whole: ended };
          await changed.promise;
        }
      },
    },
    reach(bytes) {
      there = bytes;
      tell();
    },
    end() {
      ended = true;
      tell();
    },
    fail(error) {
      failure ??= { error };
      tell();
    },
  };
}
