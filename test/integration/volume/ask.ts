import { join, resolve } from 'node:path';
import type { TestDaemon } from '../../helpers/daemon.ts';
import { type CommandOptions, type CommandResult, runCommand } from '../../helpers/docker-cli.ts';

const OURS = resolve(import.meta.dirname, '../../../bin/docker');

/** One request of the API, with its status and the JSON or text that came. */
export async function ask(
  { socket }: Pick<TestDaemon, 'socket'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: unknown }> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const type: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const response = await fetch(`http://engine${path}`, {
    unix: socket,
    method,
    ...sent,
    headers: { ...type, ...headers },
  });
  const text = await response.text();
  try {
    return { status: response.status, body: JSON.parse(text) };
  } catch {
    return { status: response.status, body: text };
  }
}

/** As `ask`: `STATUS message` of a refusal. */
export async function refusal(...request: Parameters<typeof ask>): Promise<string> {
  const { status, body } = await ask(...request);
  return `${status} ${(body as { readonly message?: string }).message ?? JSON.stringify(body)}`;
}

/** Our own client on a daemon. */
export async function own(
  daemon: TestDaemon,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const env = {
    DOCKER_HOST: daemon.host,
    DOCKER_CONFIG: join(daemon.root, 'config'),
    HOME: daemon.root,
    ...options.env,
  };
  return await runCommand([OURS, ...args], { ...options, env });
}

/** As `own`, for commands that must work: stdout without its last line feed. */
export async function ownOk(...call: Parameters<typeof own>): Promise<string> {
  const { exitCode, stdout, stderr } = await own(...call);
  if (exitCode !== 0) throw new Error(`${call[1].join(' ')}: exit code ${exitCode}\n${stdout}${stderr}`);
  return stdout.replace(/\n$/, '');
}

/** What the daemon has told so far of volumes: `action name key=value...`. */
export async function volumeEvents(daemon: TestDaemon, name: string): Promise<readonly string[]> {
  const filters = encodeURIComponent(JSON.stringify({ type: ['volume'] }));
  const until = Math.ceil(Date.now() / 1000);
  const text = await fetch(`http://engine/events?since=1&until=${until}&filters=${filters}`, {
    unix: daemon.socket,
  }).then((response) => response.text());
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { Action: string; Actor: { ID: string; Attributes: Record<string, string> } })
    .filter(({ Actor }) => Actor.ID === name)
    .map(({ Action, Actor }) => `${Action} ${Actor.Attributes['driver']}`);
}
