import { expect, test } from 'bun:test';
import { formatFrame } from '../container/frame.ts';
import { createOutputHead } from './output-head.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const STREAM = Buffer.concat([
  formatFrame('stdout', bytes('one ')),
  formatFrame('stderr', bytes('')),
  formatFrame('stderr', bytes('two ')),
  formatFrame('stdout', bytes('three')),
]);

test('both streams are kept in their order, wherever the pieces are cut', () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const head = createOutputHead(100);
    for (let at = 0; at < STREAM.length; at += size) head.push(STREAM.subarray(at, at + size));
    expect(head.text()).toBe('one two three');
  }
});

test('what is over the bound is not kept but told of', () => {
  const exact = createOutputHead(13);
  exact.push(STREAM);
  expect(exact.text()).toBe('one two three');
  const short = createOutputHead(6);
  short.push(STREAM);
  short.push(STREAM);
  expect(short.text()).toBe('one tw...');
});
