import type { ByteSocket } from '../../client/byte-socket.ts';
import { createDetachFilter } from '../terminal/detach-keys.ts';
import { createDemux } from './stdcopy.ts';

export interface PumpOptions {
  /** One raw stream instead of frames. */
  readonly tty: boolean;
  readonly out: (bytes: Uint8Array) => void;
  readonly err: (bytes: Uint8Array) => void;
  /** What goes in; its end ends our side of the connection, so the container sees the end of its input. */
  readonly input?: AsyncIterable<Uint8Array>;
  /** Typing these leaves the container alone; without them nothing is looked for. */
  readonly detachKeys?: Uint8Array;
}

export type PumpEnd = 'ended' | 'detached';

/**
 * Carries an attached stream both ways until the daemon ends it, or until the detach keys are typed. Closes the socket.
 * Errors: those of the connection's reading side; a container that no longer reads is no error.
 */
export async function pump(socket: ByteSocket, options: PumpOptions): Promise<PumpEnd> {
  const output = pumpOutput(socket, options);
  try {
    if (options.input === undefined) return await output;
    return await Promise.race([output, pumpInput(socket, options.input, options.detachKeys)]);
  } finally {
    socket.close();
    await output.catch(() => undefined);
  }
}

async function pumpOutput(socket: ByteSocket, { tty, out, err }: PumpOptions): Promise<PumpEnd> {
  const demux = tty ? { push: out } : createDemux(out, err);
  for (let chunk = await socket.read(); chunk !== undefined; chunk = await socket.read()) demux.push(chunk);
  return 'ended';
}

/** Resolves only when the user detaches: the end of the input is not the end of the container. */
async function pumpInput(
  socket: ByteSocket,
  input: AsyncIterable<Uint8Array>,
  detachKeys: Uint8Array | undefined,
): Promise<PumpEnd> {
  const filter = detachKeys === undefined ? undefined : createDetachFilter(detachKeys);
  try {
    for await (const chunk of input) {
      const { bytes, detached } = filter?.push(chunk) ?? { bytes: chunk, detached: false };
      if (bytes.length > 0) await socket.write(bytes);
      if (detached) return 'detached';
    }
    socket.shutdown();
  } catch {
    // The container has stopped reading: what it prints still counts.
  }
  return await new Promise<PumpEnd>(() => undefined);
}
