import { connect } from 'node:net';
import { bytesOf, type Channel } from '../../api/build-session/connection.ts';

/** Joins a channel and an agent's socket, until both have ended. Errors: those of either. */
export async function connectAgent(path: string, channel: Channel): Promise<void> {
  const socket = connect({ path, allowHalfOpen: true });
  const toAgent = async (): Promise<void> => {
    for await (const bytes of bytesOf(channel)) {
      if (!socket.write(bytes))
        await new Promise((resolve) => void socket.once('drain', resolve).once('close', resolve));
    }
    socket.end();
  };
  const fromAgent = async (): Promise<void> => {
    for await (const bytes of socket as AsyncIterable<Uint8Array>) await channel.write(bytes);
    await channel.end();
  };
  try {
    await Promise.all([toAgent(), fromAgent()]);
  } finally {
    socket.destroy();
  }
}
