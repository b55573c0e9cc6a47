import { existsSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../..');

/** What one command printed, and how it ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The command is killed then, and the result is exit code 137. Default 60,000. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end, with nothing of the environment but PATH and what is given. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { stdin, env, cwd, timeoutMs } = options;
  const child = Bun.spawn([...argv], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: stdin === undefined ? 'ignore' : Buffer.from(stdin),
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, stdout, stderr };
}

/** An unmodified docker client of this machine. */
export interface DockerCli {
  readonly path: string;
  /** Such as `28.2.2` or `20.10.24+dfsg1`. */
  readonly version: string;
}

let found: DockerCli | undefined;

/** The newest docker on PATH that is not ours. Errors: there is none; Debian's package docker.io has one. */
export function findDockerCli(): DockerCli {
  found ??= candidates().sort((a, b) => Bun.semver.order(plain(b.version), plain(a.version)))[0];
  if (found === undefined) throw new Error("no docker client but ours on PATH: install Debian's docker.io");
  return found;
}

function candidates(): DockerCli[] {
  const paths = (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, 'docker'))
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path))
    .filter((path) => !path.startsWith(REPOSITORY));
  return [...new Set(paths)].flatMap((path) => {
    const { stdout } = Bun.spawnSync([path, '--version']);
    const [, version, build] = /^Docker version ([^,]+), build (\S+)/.exec(stdout.toString()) ?? [];
    return version === undefined || build === 'skiff' ? [] : [{ path, version }];
  });
}

function plain(version: string): string {
  return /^\d+\.\d+\.\d+/.exec(version)?.[0] ?? '0.0.0';
}
