import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PROGRAM = resolve(import.meta.dirname, '../../bin/registry');

/** `bin/registry serve` with a root and a port of its own, which stay the same over restarts. */
export interface RegistryProcess extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly root: string;
  readonly url: string;
  kill9(): Promise<void>;
  start(): Promise<void>;
  /** SIGTERM; resolves with the exit status. */
  stop(): Promise<number | null>;
  log(): string;
}

/** Resolves when it answers. `more`: arguments, a configuration file for example. */
export async function startRegistryProcess(more: readonly string[] = []): Promise<RegistryProcess> {
  const root = mkdtempSync(join(tmpdir(), 'skiff-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  let output = '';
  let child: ReturnType<typeof spawn> | undefined;

  async function start(): Promise<void> {
    const started = spawn(PROGRAM, ['serve', '--addr', host, '--root', join(root, 'data'), ...more], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    started.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
    child = started;
    const deadline = Date.now() + 15_000;
    for (;;) {
      if (
        await fetch(`http://${host}/healthz`).then(
          () => true,
          () => false,
        )
      )
        return;
      if (started.exitCode !== null || Date.now() > deadline)
        throw new Error(`the registry does not answer:\n${output}`);
      await Bun.sleep(20);
    }
  }

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null) return ending?.exitCode ?? null;
    const ended = once(ending, 'exit');
    ending.kill(signal);
    await ended;
    return ending.exitCode;
  }

  await start();
  return {
    host,
    root,
    url: `http://${host}`,
    start,
    stop: async () => await end('SIGTERM'),
    kill9: async () => void (await end('SIGKILL')),
    log: () => output,
    async [Symbol.asyncDispose]() {
      await end('SIGTERM');
      rmSync(root, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
