import { expect, test } from 'bun:test';
import type { EventMessage } from '../../api/types/event.ts';
import { createEventBus } from './bus.ts';
import { matchesEvent } from './filter.ts';

const happened = (action: string) => ({
  type: 'container' as const,
  action,
  id: 'abc',
  attributes: { name: 'web', image: 'nginx:1', tier: 'front' },
});

test('a listener gets the ring from `since` on, then what happens, until it leaves', async () => {
  let clock = 0n;
  const bus = createEventBus(() => ++clock);
  bus.publish(happened('create'));
  const cancel = new AbortController();
  const seen: (string | undefined)[] = [];
  const reading = (async () => {
    for await (const { Action } of bus.subscribe({ sinceNanos: 0n, signal: cancel.signal }))
      if (seen.push(Action) === 2) cancel.abort();
  })();
  bus.publish(happened('start'));
  await reading;
  expect(seen).toEqual(['create', 'start']);
});

test('times strictly increase even when the clock stands still, and the ring holds 256', async () => {
  const bus = createEventBus(() => 5n);
  for (let i = 0; i < 300; i++) bus.publish(happened('x'));
  const past = await Array.fromAsync(bus.subscribe({ sinceNanos: 0n, untilNanos: 1n, signal: AbortSignal.abort() }));
  expect(past).toEqual([]);
  const all = await Array.fromAsync(createEventBusWithPast());
  expect(all.map(({ timeNano }) => timeNano)).toEqual([7, 8]);

  function createEventBusWithPast(): AsyncIterable<EventMessage> {
    let now = 7n;
    const other = createEventBus(() => now);
    other.publish(happened('a'));
    other.publish(happened('b'));
    now = 100n;
    return other.subscribe({ sinceNanos: 0n, untilNanos: 50n, signal: new AbortController().signal });
  }
});

test.each([
  [{ event: ['start'] }, true],
  [{ event: ['stop'] }, false],
  [{ container: ['web'] }, true],
  [{ container: ['ab'] }, true],
  [{ image: ['nginx'] }, true],
  [{ label: ['tier=front'] }, true],
  [{ label: ['tier', 'none'] }, false],
  [{ type: ['image', 'container'] }, true],
])('%j: %p', (filters, expected) => {
  const message: EventMessage = {
    Type: 'container',
    Action: 'start',
    Actor: { ID: 'abc', Attributes: { name: 'web', image: 'nginx:1', tier: 'front' } },
    scope: 'local',
  };
  expect(matchesEvent(message, new Map(Object.entries(filters)))).toBe(expected);
});
