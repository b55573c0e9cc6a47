import { expect, test } from 'bun:test';
import type { SandboxRecord } from '../../../store/record/network-records.ts';
import type { NameIndex, NameView } from './names.ts';
import { createSettledAnswers } from './settled-answers.ts';

const [first, second] = ['a', 'b'].map((containerId) => ({ containerId }) as SandboxRecord);
const names = (): NameIndex => ({ addressesOf: () => undefined, ownerOf: () => undefined });
const index = names();
const viewOf = (own: SandboxRecord | undefined, of = index): NameView => ({
  own: own ?? ({} as SandboxRecord),
  names: of,
  networkOf: () => undefined,
});
const query = (id: number, text: string): Uint8Array => Buffer.from([id, id, ...Buffer.from(text)]);

test('an answer is found again under the id of the query, for the same bytes of the same container', () => {
  const settled = createSettledAnswers();
  settled.put(viewOf(first), query(1, 'web'), query(1, 'is 10.1.0.2'));
  const found = settled.get(viewOf(first), query(9, 'web'));
  expect(Buffer.from(found ?? [])).toEqual(Buffer.from(query(9, 'is 10.1.0.2')));
  found?.fill(0);
  expect(settled.get(viewOf(first), query(1, 'web'))).toEqual(Uint8Array.from(query(1, 'is 10.1.0.2')));
  expect(settled.get(viewOf(first), query(1, 'WEB'))).toBeUndefined();
  expect(settled.get(viewOf(second), query(1, 'web'))).toBeUndefined();
});

test('nothing is found after names have changed, whatever is kept then', () => {
  const settled = createSettledAnswers();
  const changed = names();
  settled.put(viewOf(first), query(1, 'web'), query(1, 'old'));
  expect(settled.get(viewOf(first, changed), query(1, 'web'))).toBeUndefined();
  settled.put(viewOf(first, changed), query(1, 'db'), query(1, 'new'));
  expect(settled.get(viewOf(first, changed), query(1, 'web'))).toBeUndefined();
});

test('a container that asks more and more has its latest answers kept, not all', () => {
  const settled = createSettledAnswers();
  for (let number = 0; number < 300; number++)
    settled.put(viewOf(first), query(1, `name ${number}`), query(1, 'there'));
  const kept = Array.from({ length: 300 }, (_, number) => settled.get(viewOf(first), query(1, `name ${number}`)));
  expect(kept.filter(Boolean).length).toBeLessThanOrEqual(256);
  expect(kept.at(-1)).toBeDefined();
  settled.put(viewOf(first), query(1, 'long'), new Uint8Array(600));
  expect(settled.get(viewOf(first), query(1, 'long'))).toBeUndefined();
});
