import type { EngineApi } from '../../client/engine-api.ts';
import { terminalSize } from './tty.host.ts';

const FIRST_TRIES = 5;
const TRY_AGAIN_MS = 10;

/**
 * Tells the container (or the exec) behind `path`, e.g. `/containers/x/resize`, the size of our terminal, now and at every change.
 * What is too early or too late to resize is no error. `redraw` first sends a size one larger, so that a program that has long
 * been running draws itself again. The result stops it.
 */
export function followSize(api: EngineApi, path: string, redraw = false): () => void {
  const send = async (more = 0): Promise<boolean> => {
    const [h, w] = terminalSize(1);
    if (h === 0 && w === 0) return true;
    return await api.call('POST', path, { query: { h: h + more, w: w + more } }).then(
      () => true,
      () => false,
    );
  };
  const changed = (): void => void send();
  process.on('SIGWINCH', changed);
  void (redraw ? send(1) : Promise.resolve(true)).then(() => sendFirst(send));
  return () => {
    process.off('SIGWINCH', changed);
  };
}

/** The process may not have its terminal yet. */
async function sendFirst(send: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < FIRST_TRIES; tries++) {
    if (await send()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, TRY_AGAIN_MS * (tries + 1));
    await promise;
  }
}
