import type { Server } from 'node:http';

/** So long nothing must have been asked for. */
const QUIET_MS = 5000;

/** Gives memory back to the machine once the daemon has been busy and is quiet again: the runtime itself keeps what a burst has taken. */
export function spareMemoryOf(server: Server): void {
  let timer: NodeJS.Timeout | undefined;
  const asked = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => Bun.gc(true), QUIET_MS).unref();
  };
  server.on('request', asked);
  server.on('upgrade', asked);
}
