/** Who has which volume mounted, and how many times. */
export interface Holders {
  /** True: the first time for this holder. */
  add(volume: string, holder: string): boolean;
  /** True: it was the last time for this holder. False also when it did not hold it. */
  remove(volume: string, holder: string): boolean;
  of(volume: string): readonly string[];
}

export function createHolders(): Holders {
  const counts = new Map<string, Map<string, number>>();
  return {
    add(volume, holder) {
      const held = counts.get(volume) ?? new Map<string, number>();
      counts.set(volume, held);
      const count = held.get(holder) ?? 0;
      held.set(holder, count + 1);
      return count === 0;
    },
    remove(volume, holder) {
      const held = counts.get(volume);
      const count = held?.get(holder) ?? 0;
      if (!held || count === 0) return false;
      if (count > 1) {
        held.set(holder, count - 1);
        return false;
      }
      held.delete(holder);
      if (held.size === 0) counts.delete(volume);
      return true;
    },
    of: (volume) => [...(counts.get(volume)?.keys() ?? [])],
  };
}
