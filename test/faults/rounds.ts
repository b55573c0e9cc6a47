import { createLimit } from '../../src/lib/async/limit.ts';
import { messageOf } from '../../src/lib/errors.ts';
import { startRegistry } from '../fixtures/registry.ts';
import { type Ended, makeImages, runRound } from './round.ts';

const PARALLEL = 4;
const IMAGES = 8;

export interface Sum {
  readonly right: number;
  readonly told: number;
  /** What was wrong, by round. */
  readonly wrong: readonly string[];
}

/** Rounds of the seeds from `first` on, against Debian's registry. `tell` hears of each that did not simply work. */
export async function runRounds(count: number, first: number, tell: (seed: number, why: string) => void): Promise<Sum> {
  await using registry = await startRegistry();
  const images = await makeImages(registry, IMAGES);
  const limit = createLimit(PARALLEL);
  const wrong: string[] = [];
  const round = async (seed: number): Promise<Ended['kind'] | 'wrong'> => {
    try {
      const ended = await runRound(seed, registry, images);
      if (ended.kind === 'told') tell(seed, ended.why);
      return ended.kind;
    } catch (error) {
      tell(seed, `WRONG ${messageOf(error)}`);
      wrong.push(messageOf(error));
      return 'wrong';
    }
  };
  const kinds = await Promise.all(Array.from({ length: count }, (_none, n) => limit(() => round(first + n))));
  const countOf = (kind: Ended['kind']): number => kinds.filter((one) => one === kind).length;
  return { right: countOf('right'), told: countOf('told'), wrong };
}

/**
 * Pulls and pushes through a proxy that cuts, delays, corrupts and truncates: `npm run faults -- 200`, and `npm run faults -- 1 17` to repeat the round
 * of seed 17. Prints what each round that somebody was told of said; the exit code is 1 when a round went wrong.
 */
if (import.meta.main) {
  const [count = 200, first = 0] = process.argv.slice(2).map(Number);
  const { right, told, wrong } = await runRounds(count, first, (seed, why) =>
    process.stdout.write(`${seed}: ${why}\n`),
  );
  process.stdout.write(`${right} right, ${told} told why not, ${wrong.length} wrong\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}
