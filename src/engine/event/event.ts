import type { EventMessage } from '../../api/types/event.ts';

/** What happened, as the Engine API tells it. Time is added by the bus. */
export interface EngineEvent {
  readonly type: 'container' | 'image' | 'volume' | 'network' | 'daemon' | 'builder' | 'secret';
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/**
 * The daemon's event bus: a ring of the last 256 events and any number of listeners, each with a
 * bounded queue. A listener that falls behind is ended; it never makes the daemon wait or grow.
 */
export interface EventBus {
  /** Those that listen now. */
  readonly listeners: number;
  /** Never throws and never waits. Times are strictly increasing. */
  publish(event: EngineEvent): void;
  /**
   * Past events of the ring from `sinceNanos` on (all when only `untilNanos` is given, none without both), then live ones until `untilNanos` or
   * abort.
   * Listening begins when this is called, not at the first `next()`.
   */
  subscribe(options: {
    readonly sinceNanos?: bigint;
    readonly untilNanos?: bigint;
    readonly signal: AbortSignal;
  }): AsyncIterable<EventMessage>;
}
