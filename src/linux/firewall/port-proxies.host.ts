import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, KnownError, wrapError } from '../../lib/errors.ts';
import type { PortForward } from './firewall.ts';
import type { PortProxies } from './port-proxies.ts';

/** What a file of the folder says. A pid alone could be another process's by now. */
interface Known {
  readonly forward: PortForward;
  readonly pid: number;
  readonly startTime: string;
}

/** A process that has not ended after this long is killed. */
const TERM_MS = 2000;

/** `program`: skiff-proxy of monitor/; `dir`: folder of the files, made when missing. */
export function createPortProxies({ program, dir }: { readonly program: string; readonly dir: string }): PortProxies {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const fileOf = ({ protocol, hostIp, hostPort }: PortForward): string =>
    join(dir, `${protocol}-[${hostIp}]-${hostPort}`);
  const end = async (file: string): Promise<void> => {
    const known = readKnown(file);
    if (known) await endProcess(known);
    rmSync(file, { force: true });
  };
  return {
    supported: () => (readIfThere('/proc/net/if_inet6') ?? '') !== '',
    async start(forward) {
      const { child, port } = await launch(program, forward);
      try {
        const made = { ...forward, hostPort: port };
        const startTime = startTimeOf(child.pid);
        if (startTime === undefined) throw new KnownError('system', `${program} has ended`);
        writeFileSync(fileOf(made), JSON.stringify({ forward: made, pid: child.pid, startTime } satisfies Known));
        await child.stdin.write('\n');
        await child.stdin.end();
        return { port, pid: child.pid };
      } catch (error) {
        child.kill('SIGKILL');
        await child.exited;
        throw wrapError(error, `starting the proxy of port ${port}`);
      }
    },
    stop: async (forward) => await end(fileOf(forward)),
    async recover(known) {
      const missing = new Map(known.map((forward) => [fileOf(forward), forward]));
      for (const file of readdirSync(dir).map((name) => join(dir, name))) {
        const wanted = missing.get(file);
        const found = readKnown(file);
        if (wanted && found && isSame(found.forward, wanted) && isRunning(found)) missing.delete(file);
        else await end(file);
      }
      return [...missing.values()];
    },
  };
}

/** A process that holds its port, and ends with us until it has its line. */
async function launch(
  program: string,
  { protocol, hostIp, hostPort, containerIp, containerPort }: PortForward,
): Promise<{ readonly child: Bun.Subprocess<'pipe', 'pipe', 'ignore'>; readonly port: number }> {
  const from = ['--protocol', protocol, '--listen', hostIp, '--port', `${hostPort}`];
  const argv = [program, ...from, '--to', containerIp, '--to-port', `${containerPort}`, '--confirm'];
  let child: Bun.Subprocess<'pipe', 'pipe', 'ignore'>;
  let answer: string;
  try {
    child = Bun.spawn(argv, { stdin: 'pipe', stdout: 'pipe', stderr: 'ignore', env: {} });
    child.unref();
    const reader = child.stdout.getReader();
    answer = new TextDecoder().decode((await reader.read()).value).trim();
    await reader.cancel();
  } catch (error) {
    throw wrapError(error, `starting ${program}`);
  }
  const [state, detail = '', ...text] = answer.split(' ');
  if (state === 'ready') return { child, port: Number(detail) };
  await child.exited;
  if (detail === 'EADDRINUSE') throw new KnownError('conflict', 'address already in use');
  if (detail === 'EADDRNOTAVAIL') throw new KnownError('system', 'cannot assign requested address');
  throw new KnownError('system', text.join(' ').toLowerCase() || `${program} gave no answer`);
}

/** undefined for a file that is gone or was not written to its end: its process has ended by itself. */
function readKnown(file: string): Known | undefined {
  try {
    return JSON.parse(readIfThere(file) ?? '') as Known;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isSame(a: PortForward, b: PortForward): boolean {
  return a.containerIp === b.containerIp && a.containerPort === b.containerPort;
}

function isRunning({ pid, startTime }: Known): boolean {
  return startTimeOf(pid) === startTime;
}

/** In clock ticks since the boot (proc_pid_stat(5)); undefined for what has ended, and for other programs. */
function startTimeOf(pid: number): string | undefined {
  const text = readIfThere(`/proc/${pid}/stat`) ?? '';
  const [, name, rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(text) ?? [];
  const fields = rest.trim().split(' ');
  const ended = fields[0] === 'Z' || fields[0] === 'X';
  return name?.startsWith('skiff-proxy') && !ended ? fields[19] : undefined;
}

/** Its parent may be init by now, so its end is looked for. */
async function endProcess(known: Known): Promise<void> {
  const deadline = performance.now() + TERM_MS;
  if (isRunning(known)) signal(known.pid, 'SIGTERM');
  while (isRunning(known)) {
    if (performance.now() > deadline) signal(known.pid, 'SIGKILL');
    await Bun.sleep(1);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}
