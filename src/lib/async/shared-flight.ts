/** Work that callers with one key share, and that is cancelled when the last of them has left. */
export interface SharedFlights<T, Message> {
  /**
   * `work` is the first caller's; `tell` in it reaches every caller that has joined, from then on. Rejects with the signal's reason for
   * a caller that leaves. A failure is everybody's.
   */
  run(
    key: string,
    options: { readonly signal: AbortSignal; readonly onMessage: (message: Message) => void },
    work: (signal: AbortSignal, tell: (message: Message) => void) => Promise<T>,
  ): Promise<T>;
}

interface Flight<T, Message> {
  readonly result: Promise<T>;
  readonly listeners: Set<(message: Message) => void>;
  readonly cancel: AbortController;
}

export function createSharedFlights<T, Message>(): SharedFlights<T, Message> {
  const flights = new Map<string, Flight<T, Message>>();
  return {
    async run(key, { signal, onMessage }, work) {
      signal.throwIfAborted();
      const flight = flights.get(key) ?? begin(flights, key, work);
      // a set holds a function once: each caller has its own
      const listener = (message: Message): void => onMessage(message);
      flight.listeners.add(listener);
      const { promise: left, reject } = Promise.withResolvers<never>();
      const leave = (): void => {
        flight.listeners.delete(listener);
        if (flight.listeners.size === 0) {
          if (flights.get(key) === flight) flights.delete(key);
          flight.cancel.abort(signal.reason);
          // what the work leaves behind is cleared up before its last caller goes on
          void flight.result.catch(() => undefined).then(() => reject(signal.reason));
        } else reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      try {
        return await Promise.race([flight.result, left]);
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', leave);
        flight.listeners.delete(listener);
      }
    },
  };
}

function begin<T, Message>(
  flights: Map<string, Flight<T, Message>>,
  key: string,
  work: (signal: AbortSignal, tell: (message: Message) => void) => Promise<T>,
): Flight<T, Message> {
  const listeners = new Set<(message: Message) => void>();
  const cancel = new AbortController();
  const tell = (message: Message): void => {
    for (const listener of listeners) listener(message);
  };
  const flight: Flight<T, Message> = {
    listeners,
    cancel,
    result: work(cancel.signal, tell).finally(() => {
      if (flights.get(key) === flight) flights.delete(key);
    }),
  };
  flight.result.catch(() => undefined);
  flights.set(key, flight);
  return flight;
}
