import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from './cases.ts';
import { client, docker, type Engine } from './engines.ts';
import { createByApi, startByApi } from './requests.ts';

const ROUNDS = 5;
const MANY = 200;
/** Containers that are started at once while many are made. */
const AT_ONCE = 10;
const SIZE_BYTES = 100_000_000;

/** Containers that are there already: looking at them, moving files and logs, ending them, and starting an engine that has many. */
export function createContainerCases(): { readonly cases: readonly Case[] } & Disposable {
  const scratch = mkdtempSync(join(tmpdir(), 'skb-containers-'));
  const [big, back] = [join(scratch, 'big'), join(scratch, 'back')];
  const cases: readonly Case[] = [
    {
      name: 'rm -f of a running container',
      rounds: 20,
      target: 0.3,
      prepare: (engine) => void docker(engine, 'run', '-d', '--name', 'victim', 'busybox', 'sleep', '1000'),
      run: (engine) => void docker(engine, 'rm', '-f', 'victim'),
    },
    {
      name: `ps -a with ${MANY} containers`,
      keeps: true,
      rounds: 20,
      target: 0.7,
      prepare: (engine, round) => (round === 0 ? createMany(engine) : undefined),
      run: (engine) => void docker(engine, 'ps', '-a'),
    },
    {
      name: 'stats --no-stream keep',
      rounds: ROUNDS,
      target: 0.6,
      run: (engine) => void docker(engine, 'stats', '--no-stream', 'keep'),
    },
    {
      name: 'cp of 100 MB in and out',
      rounds: ROUNDS,
      target: 0.7,
      prepare: (_engine, round) => (round === 0 ? writeFileSync(big, randomBytes(SIZE_BYTES)) : undefined),
      run: (engine) => {
        docker(engine, 'cp', '-q', big, 'keep:/big');
        docker(engine, 'cp', '-q', 'keep:/big', back);
      },
    },
    {
      name: 'logs of 100 MB',
      keeps: true,
      rounds: ROUNDS,
      target: 0.7,
      prepare: (engine, round) => (round === 0 ? writeLog(engine) : undefined),
      run: async (engine) => await unread(engine, 'logs', 'talker'),
    },
    {
      name: `daemon start with ${MANY} stopped containers`,
      keeps: true,
      rounds: ROUNDS,
      target: 0.5,
      prepare: (engine, round) => (round === 0 ? stopMany(engine) : undefined),
      run: async (engine, round) => {
        // A first process that knows no signals is waited for: it must not run when the engine ends.
        docker(engine, 'stop', '-t', '0', 'keep');
        const tookMs = await engine.restart();
        if (round === ROUNDS) docker(engine, 'start', 'keep');
        return tookMs;
      },
    },
  ];
  return { cases, [Symbol.dispose]: () => rmSync(scratch, { recursive: true, force: true }) };
}

async function createMany(engine: Engine): Promise<void> {
  for (let made = 0; made < MANY; made++) await createByApi(engine, idle(made));
}

/** Each has run. */
async function stopMany(engine: Engine): Promise<void> {
  for (let made = 0; made < MANY; made += AT_ONCE)
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_none, index) => {
        await startByApi(engine, await createByApi(engine, idle(made + index)));
      }),
    );
}

function idle(index: number): object {
  return {
    Image: 'busybox',
    Cmd: ['true'],
    Labels: { bench: `${index}` },
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { NetworkMode: 'none' },
  };
}

function writeLog(engine: Engine): void {
  const line = 'a line of text that is about eighty characters long, as lines of logs often are';
  const script = `yes "${line}" | head -c ${SIZE_BYTES}`;
  docker(engine, 'run', '--name', 'talker', '-d', '--network', 'none', 'busybox', 'sh', '-c', script);
  docker(engine, 'wait', 'talker');
}

/** What it prints is read by nobody. */
async function unread(engine: Engine, ...args: readonly string[]): Promise<void> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', DOCKER_HOST: engine.host };
  const child = Bun.spawn([client, ...args], { env, stdin: 'ignore', stdout: 'ignore', stderr: 'inherit' });
  if ((await child.exited) !== 0) throw new Error(`docker ${args.join(' ')} failed`);
}
