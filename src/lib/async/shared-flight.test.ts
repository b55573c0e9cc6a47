import { expect, test } from 'bun:test';
import { createSharedFlights } from './shared-flight.ts';

test('callers with one key share the work and what it tells', async () => {
  const flights = createSharedFlights<number, string>();
  const gate = Promise.withResolvers<void>();
  const heard: string[] = [];
  let runs = 0;
  const run = async (who: string): Promise<number> =>
    await flights.run(
      'k',
      { signal: new AbortController().signal, onMessage: (text) => void heard.push(`${who} ${text}`) },
      async (_signal, tell) => {
        runs++;
        await gate.promise;
        tell('hello');
        return 7;
      },
    );
  const both = Promise.all([run('a'), run('b')]);
  gate.resolve();
  expect([await both, runs, heard]).toEqual([[7, 7], 1, ['a hello', 'b hello']]);
});

test('work goes on while somebody waits, and is cancelled when the last one has left', async () => {
  const flights = createSharedFlights<number, never>();
  const callers = [new AbortController(), new AbortController()];
  let ended = '';
  const results = callers.map(async ({ signal }) => {
    try {
      return await flights.run('k', { signal, onMessage: () => undefined }, async (flying) => {
        await new Promise((resolve) => flying.addEventListener('abort', resolve, { once: true }));
        ended = 'cancelled';
        throw flying.reason;
      });
    } catch (error) {
      return `${String(error)} ${ended}`;
    }
  });
  callers[0]?.abort('first left');
  expect(await results[0]).toBe('first left ');
  callers[1]?.abort('last left');
  // what was cancelled has cleared up by then
  expect(await results[1]).toBe('last left cancelled');
});

test('a failure is everybody’s, and the next call begins anew', async () => {
  const flights = createSharedFlights<number, never>();
  const { signal } = new AbortController();
  const options = { signal, onMessage: () => undefined };
  const fail = flights.run('k', options, async () => await Promise.reject(new Error('broken')));
  const other = flights.run('k', options, async () => 1);
  expect(await Promise.allSettled([fail, other])).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(await flights.run('k', options, async () => 2)).toBe(2);
});
