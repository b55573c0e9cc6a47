import { KnownError } from '../../lib/errors.ts';
import type { LogSink, LogSinks, OutgoingRecord, RemoteLog } from './log-sink.ts';

/** A remote in memory, that can be down, and that can break in the middle. */
export interface FakeLogSinks extends LogSinks {
  readonly received: OutgoingRecord[];
  readonly opened: RemoteLog[];
  isDown: boolean;
  isCertain: boolean;
  /** Breaks the open connections; the last `unread` records that were sent are lost. */
  cut(unread: number): void;
}

export function createFakeLogSinks(): FakeLogSinks {
  const breakers = new Set<(error: Error) => void>();
  const sinks: FakeLogSinks = {
    received: [],
    opened: [],
    isDown: false,
    isCertain: true,
    cut(unread) {
      sinks.received.splice(sinks.received.length - unread, unread);
      for (const fail of breakers) fail(new KnownError('system', 'connection reset'));
      breakers.clear();
    },
    async open(remote) {
      if (sinks.isDown) throw new KnownError('system', 'dial tcp 127.0.0.1:1: connect: connection refused');
      const { promise: broken, resolve } = Promise.withResolvers<Error>();
      breakers.add(resolve);
      sinks.opened.push(remote);
      const sink: LogSink = {
        isCertain: sinks.isCertain,
        broken,
        async send(records) {
          if (sinks.isDown) throw new KnownError('system', 'connection lost');
          sinks.received.push(...records);
        },
        async [Symbol.asyncDispose]() {
          breakers.delete(resolve);
        },
      };
      return sink;
    },
  };
  return sinks;
}
