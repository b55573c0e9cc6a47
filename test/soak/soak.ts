import { startDaemon, type TestDaemon } from '../helpers/daemon.ts';
import { descriptorsOf, footprintOf, newIn, type Usage, usageOf } from './footprint.ts';
import { seeded } from './random.ts';
import { judgeTrend } from './trend.ts';
import { createWorld, endWorld, step, type World } from './worker.ts';

const WORKERS = 4;
const SETTLE_MS = 30_000;
/** Of the daemon's log, told with a problem. */
const LOG_LINES = 40;

export interface SoakOptions {
  readonly seed: number;
  /** Operations of each client between two moments of rest. */
  readonly operations: number;
  /** Asked at each rest, with the number of rounds by then. */
  readonly isOver: (rounds: number) => boolean;
  readonly tell: (line: string) => void;
}

export interface SoakResult {
  readonly operations: Readonly<Record<string, number>>;
  readonly samples: readonly Usage[];
  readonly problems: readonly string[];
}

/**
 * Several clients at once, each with what it does decided by the seed and what it sees compared with what must be so. At the end of a round
 * everything is removed: the machine must be as it was before, and what the daemon holds is noted. Stops at the first round with a problem.
 */
export async function soak({ seed, operations, isOver, tell }: SoakOptions): Promise<SoakResult> {
  await using daemon = await startDaemon();
  const done: Record<string, number> = {};
  const samples: Usage[] = [];
  const problems: string[] = [];
  // What is made at first use is there.
  await daemon.ok(['run', '--rm', 'busybox', 'true']);
  const clean = footprintOf(daemon);
  const worlds = Array.from({ length: WORKERS }, (_none, at) =>
    createWorld(daemon, seeded(seed * WORKERS + at), `soak${at}-`),
  );
  do {
    await Promise.all(worlds.map(async (world) => problems.push(...(await work(world, operations, done)))));
    for (const world of worlds)
      await endWorld(world).catch((error: unknown) => problems.push(`at the end: ${String(error)}`));
    problems.push(...(await untilClean(daemon, clean)).map((line) => `left: ${line}`));
    const usage = usageOf(daemon.pid);
    samples.push(usage);
    tell(`round ${samples.length}: ${sum(done)} operations; ${JSON.stringify(usage)}`);
  } while (problems.length === 0 && !isOver(samples.length));
  problems.push(...judgeTrend(samples));
  if (problems.length > 0)
    tell(`open: ${descriptorsOf(daemon.pid).join('; ')}\n${daemon.log().split('\n').slice(-LOG_LINES).join('\n')}`);
  return { operations: done, samples, problems };
}

async function work(world: World, count: number, done: Record<string, number>): Promise<readonly string[]> {
  try {
    for (let made = 0; made < count; made++) {
      const name = await step(world);
      done[name] = (done[name] ?? 0) + 1;
    }
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

async function untilClean(daemon: TestDaemon, clean: readonly string[]): Promise<readonly string[]> {
  for (const deadline = Date.now() + SETTLE_MS; ; await Bun.sleep(100)) {
    const left = newIn(clean, footprintOf(daemon));
    if (left.length === 0 || Date.now() > deadline) return left;
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, one) => all + one, 0);
}

if (import.meta.main) {
  const minutes = Number(process.argv[2] ?? 30);
  const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 1_000_000));
  console.log(`${minutes} minutes, seed ${seed}`);
  const end = Date.now() + minutes * 60_000;
  const { operations, samples, problems } = await soak({
    seed,
    operations: 60,
    isOver: () => Date.now() >= end,
    tell: (line) => console.log(line),
  });
  console.log(
    Object.entries(operations)
      .map(([name, count]) => `${count} × ${name}`)
      .join(', '),
  );
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  console.log(
    `seed ${seed}: ${samples.length} rounds, ${sum(operations)} operations: ${problems.length === 0 ? 'all as it must be, nothing left, nothing grew' : `${problems.length} problems`}`,
  );
  process.exit(problems.length === 0 ? 0 : 1);
}
