import type { EventMessage } from '../../api/types/event.ts';
import type { EventBus } from './event.ts';

const RING = 256;
/** Events a listener may be behind before it is ended. */
const BACKLOG = 4096;

/** In memory; `now` in nanoseconds since the epoch. */
export function createEventBus(now: () => bigint = () => BigInt(Date.now()) * 1_000_000n): EventBus {
  const ring: { readonly nanos: bigint; readonly message: EventMessage }[] = [];
  const listeners = new Set<(nanos: bigint, message: EventMessage) => void>();
  let last = 0n;
  return {
    get listeners() {
      return listeners.size;
    },
    publish({ type, action, id, attributes }) {
      last = now() > last ? now() : last + 1n;
      const message: EventMessage = {
        Type: type,
        Action: action,
        Actor: { ID: id, Attributes: { ...attributes } },
        scope: 'local',
        time: Number(last / 1_000_000_000n),
        timeNano: Number(last),
      };
      ring.push({ nanos: last, message });
      if (ring.length > RING) ring.shift();
      for (const listener of listeners) listener(last, message);
    },
    subscribe({ sinceNanos, untilNanos, signal }) {
      const queue: EventMessage[] =
        sinceNanos === undefined && untilNanos === undefined
          ? []
          : ring
              .filter(({ nanos }) => nanos >= (sinceNanos ?? 0n) && (untilNanos === undefined || nanos <= untilNanos))
              .map(({ message }) => message);
      let ended = false;
      let wake = (): void => undefined;
      const end = (): void => {
        ended = true;
        listeners.delete(listener);
        wake();
      };
      const listener = (nanos: bigint, message: EventMessage): void => {
        if (queue.length >= BACKLOG || (untilNanos !== undefined && nanos > untilNanos)) return end();
        queue.push(message);
        wake();
      };
      const leftMs = untilNanos === undefined ? undefined : Number((untilNanos - now()) / 1_000_000n);
      const timer = leftMs === undefined || leftMs <= 0 ? undefined : setTimeout(end, Math.min(leftMs, 2 ** 31 - 1));
      if (leftMs !== undefined && leftMs <= 0) ended = true;
      else listeners.add(listener);
      signal.addEventListener('abort', end, { once: true });
      return (async function* () {
        try {
          for (;;) {
            const message = queue.shift();
            if (message) yield message;
            else if (ended || signal.aborted) return;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        } finally {
          clearTimeout(timer);
          end();
        }
      })();
    },
  };
}
