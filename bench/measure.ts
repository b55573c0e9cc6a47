import type { Case } from './cases.ts';
import { cleanUp, type Engine, type EngineName } from './engines.ts';

/** Milliseconds. */
export type Medians = Partial<Record<EngineName, number>>;

/** Rounds over the engines in turns, so that what else happens on the machine meets all alike. One round is not counted. */
export async function measure(
  { name, rounds, keeps, prepare, run }: Case,
  engines: readonly Engine[],
): Promise<Medians> {
  const times = new Map<EngineName, number[]>();
  const broken = new Set<EngineName>();
  for (let round = 0; round <= rounds; round++) {
    for (const engine of engines) {
      if (broken.has(engine.name)) continue;
      // cases wait for clients without giving others a turn: handlers of interrupts get theirs here
      await new Promise<void>((resolve) => setImmediate(resolve));
      try {
        await prepare?.(engine, round);
        const before = performance.now();
        const said = await run(engine, round);
        const took = said ?? performance.now() - before;
        if (round > 0) times.set(engine.name, [...(times.get(engine.name) ?? []), took]);
      } catch (error) {
        broken.add(engine.name);
        console.error(`${engine.name} cannot: ${name}: ${String(error)}`);
      }
    }
    if (!keeps || round === rounds) for (const engine of engines) cleanUp(engine);
  }
  return Object.fromEntries([...times].map(([engine, all]) => [engine, median(all)]));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
