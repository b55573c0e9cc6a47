import type { ByteSocket } from '../../client/byte-socket.ts';
import type { CommandContext } from '../command.ts';
import { textIn } from '../config/load.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../terminal/detach-keys.ts';
import { type PumpEnd, pump } from './pump.ts';

export interface SessionOptions {
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** As text; empty: ctrl-p,ctrl-q. */
  readonly detachKeys: string;
}

/**
 * Joins an upgraded connection to our own standard streams; with `tty` our terminal is raw meanwhile, and the detach keys count.
 * Errors: of the connection, and invalid_parameter for bad detach keys.
 */
export async function runSession(
  context: CommandContext,
  socket: ByteSocket,
  options: SessionOptions,
): Promise<PumpEnd> {
  const typed = options.tty && options.stdin;
  const detachKeys = typed ? parseDetachKeys(options.detachKeys || DEFAULT_DETACH_KEYS) : undefined;
  const restore = typed ? (await import('../terminal/tty.host.ts')).makeRaw(0) : undefined;
  if (restore !== undefined) process.once('exit', restore);
  const drop = (): void => undefined;
  try {
    return await pump(socket, {
      tty: options.tty,
      out: options.stdout ? context.out : drop,
      err: options.stderr ? context.err : drop,
      ...(options.stdin ? { input: process.stdin } : {}),
      ...(detachKeys === undefined ? {} : { detachKeys }),
    });
  } finally {
    restore?.();
  }
}

/** The detach keys asked for: by option, else by config.json, else empty for the default. */
export function detachKeysOf(context: CommandContext, given: string): string {
  return given || (textIn(context.config.raw, 'detachKeys') ?? '');
}
