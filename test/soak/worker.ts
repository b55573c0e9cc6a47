import type { TestDaemon } from '../helpers/daemon.ts';
import { must } from './ask.ts';
import { type Box, newBox } from './box.ts';
import { BOX_OPERATIONS } from './box-operations.ts';
import { pick } from './random.ts';
import { WORLD_OPERATIONS } from './world-operations.ts';

const MOST_BOXES = 4;

/** One client with containers, networks, volumes and images that are its alone, so that it knows what must be true of them. */
export interface World {
  readonly daemon: TestDaemon;
  readonly random: () => number;
  /** Begins every name. */
  readonly prefix: string;
  readonly boxes: Box[];
  readonly networks: string[];
  readonly nextName: (kind: string) => string;
}

/** Something that a client does, and what it sees of it. Errors: what it sees is not so. */
export interface Operation<Subject> {
  readonly name: string;
  /** How often, against others. */
  readonly weight: number;
  readonly fits: (subject: Subject) => boolean;
  readonly run: (subject: Subject, world: World) => Promise<void>;
}

export function createWorld(daemon: TestDaemon, random: () => number, prefix: string): World {
  let names = 0;
  return { daemon, random, prefix, boxes: [], networks: [], nextName: (kind) => `${prefix}${kind}${++names}` };
}

/** One operation of those that are possible; its name. Errors: with the name of the operation and what it was done to. */
export async function step(world: World): Promise<string> {
  const { random, boxes } = world;
  if (boxes.length === 0 || (boxes.length < MOST_BOXES && random() < 0.15)) {
    boxes.push(await newBox(world));
    return 'create';
  }
  const box = pick(random, boxes);
  const possible = BOX_OPERATIONS.filter(({ fits }) => box && fits(box));
  if (!box || random() < 0.2) {
    const operation = weighted(
      random,
      WORLD_OPERATIONS.filter(({ fits }) => fits(world)),
    );
    await naming(operation.name, world.prefix, operation.run(world, world));
    return operation.name;
  }
  const operation = weighted(random, possible);
  await naming(operation.name, `${box.name}, ${box.state}`, operation.run(box, world));
  return operation.name;
}

/** Removes what the client has, networks last. */
export async function endWorld({ daemon, boxes, networks }: World): Promise<void> {
  for (const { id } of boxes.splice(0)) await must(daemon, 'DELETE', `/containers/${id}?force=1&v=1`);
  for (const name of networks.splice(0)) await must(daemon, 'DELETE', `/networks/${name}`);
}

function weighted<Subject>(random: () => number, from: readonly Operation<Subject>[]): Operation<Subject> {
  let left = random() * from.reduce((sum, { weight }) => sum + weight, 0);
  for (const operation of from) {
    left -= operation.weight;
    if (left < 0) return operation;
  }
  throw new Error('no operation is possible');
}

async function naming(what: string, subject: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw new Error(`${what} (${subject}): ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
