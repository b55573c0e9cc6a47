import { join, resolve } from 'node:path';
import type { TestDaemon } from '../../helpers/daemon.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');

export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: Uint8Array | string;
}

/** Runs our client against a daemon; a failing command is a result. */
export async function ourDocker(daemon: TestDaemon, args: readonly string[], options: RunOptions): Promise<Ran> {
  const { cwd, env = {}, stdin } = options;
  const child = Bun.spawn([OURS, ...args], {
    cwd,
    env: { ...process.env, DOCKER_HOST: daemon.host, DOCKER_CONFIG: join(daemon.root, 'config'), ...env },
    stdin: stdin === undefined ? 'ignore' : new Blob([stdin]),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, out, err };
}
