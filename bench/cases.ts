import { client, docker, type Engine } from './engines.ts';
import { createByApi, startByApi } from './requests.ts';

/**
 * Something a user waits for. `run` does it once, and may say itself how many milliseconds count; `prepare` makes it possible outside the
 * measurement; rounds count from 0.
 */
export interface Case {
  readonly name: string;
  readonly rounds: number;
  /** Highest ratio to dockerd that is wanted. */
  readonly target: number;
  /** What a round leaves is there in the next one, and goes at the end. */
  readonly keeps?: true;
  readonly prepare?: (engine: Engine, round: number) => Promise<void> | void;
  readonly run: (engine: Engine, round: number) => Promise<number | void> | number | void;
}

export const CASES: readonly Case[] = [
  {
    name: 'run --rm busybox true (bridge)',
    rounds: 30,
    target: 0.25,
    run: (engine) => void docker(engine, 'run', '--rm', 'busybox', 'true'),
  },
  {
    name: 'run --rm --network none busybox true',
    rounds: 30,
    target: 0.25,
    run: (engine) => void docker(engine, 'run', '--rm', '--network', 'none', 'busybox', 'true'),
  },
  {
    name: '20 × run --rm busybox true at once',
    rounds: 7,
    target: 0.3,
    run: async (engine) => {
      const one = async (): Promise<void> => {
        const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', DOCKER_HOST: engine.host };
        const child = Bun.spawn([client, 'run', '--rm', 'busybox', 'true'], {
          env,
          stdout: 'ignore',
          stderr: 'inherit',
        });
        if ((await child.exited) !== 0) throw new Error('run failed');
      };
      await Promise.all(Array.from({ length: 20 }, one));
    },
  },
  { name: 'exec keep true', rounds: 30, target: 0.3, run: (engine) => void docker(engine, 'exec', 'keep', 'true') },
  { name: 'create + start by the API (bridge)', rounds: 30, target: 0.2, run: createAndStart },
  { name: '100 MB of lines through the json-file log', rounds: 5, target: 0.5, run: logs },
];

/** Created containers end by themselves; removing them is not timed by the caller. */
async function createAndStart(engine: Engine): Promise<void> {
  const id = await createByApi(engine, { Image: 'busybox', Cmd: ['true'], Labels: { bench: '1' } });
  await startByApi(engine, id);
}

function logs(engine: Engine): void {
  const line = 'a line of text that is about eighty characters long, as lines of logs often are';
  docker(
    engine,
    'run',
    '-d',
    '--name',
    'log',
    '--network',
    'none',
    'busybox',
    'sh',
    '-c',
    `yes "${line}" | head -c 100000000`,
  );
  docker(engine, 'wait', 'log');
}
