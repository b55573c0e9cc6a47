import { startDaemon } from '../helpers/daemon.ts';
import { type Asked, NetworkModel } from './network-model.ts';

export interface NetworkRoundsResult {
  readonly rounds: number;
  readonly operations: number;
  /** Operations that the crash cut off. */
  readonly cutOff: number;
  readonly problems: readonly string[];
}

/** Most networks of the model; beyond that some are removed first. */
const NETWORKS = 12;
/** Operations of a round, all at once. */
const AT_ONCE = 5;
/** The daemon is killed at a random moment up to then. */
const KILL_WITHIN_MS = 300;

/**
 * Rounds of: networks are made and removed, running containers join and leave them, all at once; SIGKILL of the daemon at a random moment;
 * a new start. What was acknowledged must be so, and kernel and daemon must agree: links, bridges, namespaces, addresses, routes, rules.
 * Stops at the first round with a problem. `random` in [0,1).
 */
export async function networkRounds(
  count: number,
  random: () => number,
  tell: (line: string) => void,
): Promise<NetworkRoundsResult> {
  await using daemon = await startDaemon();
  await using model = new NetworkModel(daemon, random);
  await model.begin();
  const problems: string[] = [];
  let [rounds, operations, cutOff] = [0, 0, 0];
  while (rounds < count && problems.length === 0) {
    rounds++;
    const asked: Promise<Asked>[] = Array.from({ length: AT_ONCE }, () => model.ask(NETWORKS));
    await Bun.sleep(random() * KILL_WITHIN_MS);
    await daemon.kill9();
    const results = await Promise.all(asked);
    operations += results.length;
    cutOff += results.filter(({ outcome }) => outcome === 'cut off').length;
    await daemon.restart();
    problems.push(...(await model.check(results)).map((problem) => `round ${rounds}: ${problem}`));
    tell(`round ${rounds}: ${results.map(({ what, outcome }) => `${what} ${outcome}`).join(', ')}`);
  }
  await model.end();
  return { rounds, operations, cutOff, problems };
}

if (import.meta.main) {
  const count = Number(process.argv[2] ?? 200);
  const { rounds, operations, cutOff, problems } = await networkRounds(count, Math.random, (line) => console.log(line));
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  console.log(
    `${rounds} rounds, ${operations} operations, ${cutOff} cut off by SIGKILL: ${problems.length === 0 ? 'kernel and daemon agree, nothing left' : `${problems.length} problems`}`,
  );
  process.exit(problems.length === 0 ? 0 : 1);
}
