import type { Duplex } from 'node:stream';
import type { Wire } from '../../api/build-session/connection.ts';
import { KnownError } from '../../lib/errors.ts';

/** A hijacked connection. What is not read waits in the kernel; what is written waits until the peer takes it. */
export function createWire(socket: Duplex): Wire {
  const reader: AsyncIterator<Uint8Array> = socket.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
  return {
    async write(bytes) {
      if (socket.destroyed) throw gone();
      if (socket.write(bytes)) return;
      await new Promise<void>((resolve, reject) => {
        const settle = (): void => {
          socket.off('drain', settle);
          socket.off('close', settle);
          if (socket.destroyed) reject(gone());
          else resolve();
        };
        socket.on('drain', settle);
        socket.on('close', settle);
      });
    },
    async read() {
      const { done, value } = await reader.next();
      return done ? undefined : value;
    },
    shutdown: () => void socket.end(),
    close: () => void socket.destroy(),
  };
}

function gone(): KnownError {
  return new KnownError('cancelled', 'the client has gone');
}
