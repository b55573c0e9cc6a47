import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';
import { openSession } from './control.host.ts';
import type { MonitorFound, MonitorHost } from './monitor.ts';
import { parseExitFile, toArguments } from './protocol.ts';

/** The real thing: `monitorPath` is the program built from monitor/. */
export function createMonitorHost(deps: { readonly monitorPath: string }): MonitorHost {
  return {
    async launch(spec) {
      const pid = await startProgram([deps.monitorPath, ...toArguments(spec)]);
      try {
        return (await openSession(spec.dir)).session;
      } catch (error) {
        kill(pid); // its folder went with a container that has just ended; by itself it would wait a minute for a connection
        throw wrapError(error, 'connecting to the monitor');
      }
    },
    reconnect,
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** Resolves with the monitor's pid when it says that it listens. */
async function startProgram(argv: readonly string[]): Promise<number> {
  let answer: string;
  try {
    const child = Bun.spawn([...argv], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
      env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    child.unref();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    answer = new TextDecoder().decode(value);
  } catch (error) {
    throw wrapError(error, `starting ${argv[0]}`);
  }
  const pid = Number(/^ready (\d+)\n/.exec(answer)?.[1] ?? 0);
  if (pid <= 1) throw new KnownError('system', `monitor could not be set up: ${answer.trim() || 'no answer'}`);
  return pid;
}

async function reconnect(dir: string): Promise<MonitorFound> {
  if (!existsSync(dir)) return { kind: 'absent' };
  const open = await openSession(dir).catch(() => undefined);
  if (open?.hello.state === 'waiting') {
    await open.session.abandon();
    return { kind: 'never_started' };
  }
  if (open?.hello.state === 'running') {
    return { kind: 'running', session: open.session, pid: open.hello.pid, startedAt: open.hello.startedAt };
  }
  await open?.session.released;
  return await readExit(dir);
}

async function readExit(dir: string): Promise<MonitorFound> {
  try {
    return { kind: 'exited', report: parseExitFile(await readFile(join(dir, 'exit'), 'utf8')) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: existsSync(join(dir, 'runtime.log')) ? 'never_started' : 'absent' };
    throw error;
  }
}
