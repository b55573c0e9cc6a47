import { join } from 'node:path';
import { startRegistry } from '../fixtures/registry.ts';
import { startDaemon } from '../helpers/daemon.ts';
import { remains, storeProblems } from './image-checks.ts';
import { createImageClients } from './image-clients.ts';
import type { RoundsResult } from './rounds.ts';

const CLIENTS = 4;
const SETTLE_MS = 20_000;

/**
 * Rounds of: concurrent clients pull, load, build, commit, import, save, tag and remove images; the daemon is killed at a random moment and
 * started again (`kill`), or the clients come to their end; then what is there is compared with what was acknowledged, and the store's files
 * with its records. At the end everything is removed, and nothing may be left. Stops at the first round with a problem. `random` in [0,1).
 */
export async function imageRounds(
  count: number,
  options: { readonly kill: boolean; readonly random: () => number; readonly tell: (line: string) => void },
): Promise<RoundsResult> {
  const { kill, random, tell } = options;
  await using registry = await startRegistry();
  await using daemon = await startDaemon();
  const clients = await createImageClients(daemon, registry, CLIENTS, random);
  const dataRoot = join(daemon.root, 'd');
  const { problems } = clients;
  let rounds = 0;
  while (rounds < count && problems.length === 0) {
    rounds++;
    const end = Date.now() + 30 + random() * (kill ? 1200 : 3000);
    const work = Array.from({ length: CLIENTS }, (_none, client) => clients.work(client, () => Date.now() > end));
    if (kill) {
      await Bun.sleep(end - Date.now());
      clients.expectDeath();
      await daemon.kill9();
    }
    await Promise.all(work);
    if (kill) await daemon.restart();
    await clients.compare();
    problems.push(...(await settled(() => storeProblems(dataRoot))));
    tell(`round ${rounds}: ${clients.operations} operations, ${clients.cutOff} cut off, ${clients.images.size} names`);
  }
  if (problems.length === 0) {
    await clients.removeAll();
    problems.push(...(await settled(() => remains(dataRoot))));
  }
  if (problems.length > 0) problems.push(daemon.log().slice(-4000));
  return { rounds, operations: clients.operations, cutOff: clients.cutOff, problems };
}

/** Orphans are collected soon after a start and not before it, so that files may vanish while they are looked at. */
async function settled(check: () => readonly string[]): Promise<readonly string[]> {
  for (const deadline = Date.now() + SETTLE_MS; ; await Bun.sleep(50)) {
    const problems = attempt(check);
    if (problems.length === 0 || Date.now() > deadline) return problems;
  }
}

function attempt(check: () => readonly string[]): readonly string[] {
  try {
    return check();
  } catch (error) {
    return [String(error)];
  }
}

if (import.meta.main) {
  const [count, kill] = [Number(process.argv[2] ?? 100), process.argv[3] !== 'stress'];
  const result = await imageRounds(count, { kill, random: Math.random, tell: (line) => console.log(line) });
  for (const problem of result.problems) console.log(`PROBLEM ${problem}`);
  console.log(`${result.rounds} rounds, ${result.operations} operations, ${result.cutOff} cut off by SIGKILL`);
  process.exit(result.problems.length === 0 ? 0 : 1);
}
