import { Duplex } from 'node:stream';
import { bytesOf, type Channel, readAllOf, type SessionConnection } from '../../api/build-session/connection.ts';
import { malformed } from '../../api/build-session/frame.ts';
import type { Purpose } from '../../api/build-session/messages.ts';
import type { SessionCallbacks } from '../../engine/build/service.ts';
import type { RegistryAuth } from '../../engine/image/service.ts';
import { isKind } from '../../lib/errors.ts';

/** As BuildKit has it (session/secrets). */
const MAX_SECRET_BYTES = 500 * 1024;
const MAX_AUTH_BYTES = 64 * 1024;

/** What a build asks of its client, over channels. */
export function createCallbacks(connection: SessionConnection): SessionCallbacks {
  const open = (purpose: Purpose): Channel => connection.open(purpose);
  const send = async (purpose: Purpose, tar: AsyncIterable<Uint8Array>): Promise<void> => {
    const channel = open(purpose);
    try {
      for await (const piece of tar) await channel.write(piece);
      await channel.end();
      if ((await channel.read()) !== undefined) throw malformed('an answer to an output');
    } catch (error) {
      channel.reset(error);
      throw error;
    }
  };
  return {
    secret: async (id) => await whole(open({ kind: 'secret', id }), MAX_SECRET_BYTES),
    async sshAgent(id) {
      const there = await whole(open({ kind: 'ssh', id, probe: true }), 0);
      return there && (() => toDuplex(open({ kind: 'ssh', id, probe: false })));
    },
    async authFor(registry) {
      const text = await whole(open({ kind: 'auth', registry }), MAX_AUTH_BYTES);
      return text === undefined ? undefined : parseAuth(text.toString('utf8'));
    },
    receive: async (index, tar) => await send({ kind: 'output', index }, tar),
    receiveCache: async (index, tar) => await send({ kind: 'cache-to', index }, tar),
  };
}

/** An archive of the client, read as far as it is asked for. */
export async function* readArchive(connection: SessionConnection, purpose: Purpose): AsyncGenerator<Uint8Array> {
  const channel = connection.open(purpose);
  let whole = false;
  try {
    await channel.end();
    yield* bytesOf(channel);
    whole = true;
  } finally {
    if (!whole) channel.reset('the archive is not read to its end');
  }
}

/** Undefined: the client has none. */
async function whole(channel: Channel, maxBytes: number): Promise<Buffer | undefined> {
  try {
    await channel.end();
    return await readAllOf(channel, maxBytes);
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    channel.reset(error);
    throw error;
  }
}

function parseAuth(text: string): RegistryAuth {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw malformed('credentials that are none');
  return value as RegistryAuth;
}

function toDuplex(channel: Channel): Duplex {
  const duplex = new Duplex({
    allowHalfOpen: true,
    read() {
      channel.read().then(
        (bytes) => duplex.push(bytes ?? null),
        (error: Error) => duplex.destroy(error),
      );
    },
    write(bytes: Uint8Array, _encoding, done) {
      channel.write(bytes).then(() => done(), done);
    },
    final(done) {
      channel.end().then(() => done(), done);
    },
    destroy(error, done) {
      channel.reset(error ?? 'the connection was closed');
      done(error);
    },
  });
  return duplex;
}
