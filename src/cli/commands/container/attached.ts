import type { ByteSocket } from '../../../client/byte-socket.ts';
import { KnownError } from '../../../lib/errors.ts';
import type { CommandContext } from '../../command.ts';
import { detachKeysOf, runSession, type SessionOptions } from '../../streams/session.ts';
import { followSize } from '../../terminal/resize.ts';
import { proxySignals } from '../../terminal/signals.ts';
import { isTerminal } from '../../terminal/tty.host.ts';
import { containerPath } from './each.ts';
import { startWaiting } from './waiter.ts';

/** What attach and exec end with when the user detaches. */
export const DETACHED = 'read escape sequence';

export interface AttachedOptions extends SessionOptions {
  readonly id: string;
  /** Signals we get are the container's. */
  readonly signals: boolean;
  /** The daemon removes the container at its end: its status comes with the removal. */
  readonly autoRemove: boolean;
  /** Makes what a failed start is reported as. */
  readonly toStartError?: (error: unknown) => Error;
}

/**
 * Attaches to a container, starts it, carries its streams and resolves with its exit status: 0 when the user detaches.
 * Errors: those of attach and start.
 */
export async function runAttached(context: CommandContext, options: AttachedOptions): Promise<number> {
  const socket = await openAttach(context, options);
  const stopProxy = options.signals ? proxyTo(context, options.id) : undefined;
  let stopResize: (() => void) | undefined;
  const session = runSession(context, socket, { ...options, detachKeys: detachKeysOf(context, options.detachKeys) });
  try {
    const waiter = await startWaiting(context, options.id, options.autoRemove);
    try {
      await context.api.call('POST', containerPath(options.id, '/start'));
    } catch (error) {
      if (options.autoRemove) await waiter.status;
      throw options.toStartError?.(error) ?? error;
    }
    if (options.tty && isTerminal(1)) stopResize = followSize(context.api, containerPath(options.id, '/resize'));
    const printing = options.stdout || options.stderr;
    const end = printing ? await session : await Promise.race([session, waiter.status]);
    return end === 'detached' ? 0 : await waiter.status;
  } finally {
    socket.close();
    await session.catch(() => undefined);
    stopResize?.();
    stopProxy?.();
  }
}

/** Asks for the streams of a container. Errors: ApiError. */
export async function openAttach(context: CommandContext, options: AttachedOptions): Promise<ByteSocket> {
  const query = {
    detachKeys: detachKeysOf(context, options.detachKeys),
    stderr: options.stderr,
    stdin: options.stdin,
    stdout: options.stdout,
    stream: true,
  };
  const path = containerPath(options.id, '/attach');
  return upgraded(await context.api.send('POST', path, { query, upgrade: true }));
}

/** The connection of an answer that must be an upgrade. Errors: system. */
export function upgraded(response: { readonly status: number; readonly socket: ByteSocket }): ByteSocket {
  if (response.status === 101 || response.status === 200) return response.socket;
  response.socket.close();
  throw new KnownError('system', `unable to upgrade to tcp, received ${response.status}`);
}

/** Hands our signals on to a container; the third SIGINT or SIGTERM ends us. The result stops it. */
export function proxyTo(context: CommandContext, id: string): () => void {
  return proxySignals(
    (signal) => void context.api.call('POST', containerPath(id, '/kill'), { query: { signal } }).catch(() => undefined),
    () => {
      context.err('got 3 SIGTERM/SIGINTs, forcefully exiting\n');
      process.exit(1);
    },
  );
}
