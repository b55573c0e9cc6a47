import { expect, test } from 'bun:test';
import { createFrameReader, formatClose, formatServerFrame, type ReadFrame } from './frame.ts';

const MASK = [1, 2, 3, 4];

function clientFrame(first: number, payload: Uint8Array, long: 0 | 2 | 8 = 0): Uint8Array {
  const size = Buffer.alloc(long);
  if (long === 2) size.writeUInt16BE(payload.length);
  if (long === 8) size.writeBigUInt64BE(BigInt(payload.length));
  const masked = payload.map((byte, at) => byte ^ (MASK[at % 4] ?? 0));
  return Buffer.concat([
    Buffer.from([first, 0x80 | (long === 0 ? payload.length : long === 2 ? 126 : 127)]),
    size,
    Buffer.from(MASK),
    masked,
  ]);
}

const text = (frames: readonly ReadFrame[]): string =>
  frames.map((frame) => (frame.kind === 'data' ? Buffer.from(frame.payload).toString() : `<${frame.kind}>`)).join('');

test('messages, fragments and control frames are read, cut anywhere', () => {
  const bytes = Buffer.concat([
    clientFrame(0x01, Buffer.from('hel')),
    clientFrame(0x89, Buffer.from('p')),
    clientFrame(0x80, Buffer.from('lo ')),
    clientFrame(0x82, Buffer.from('x'.repeat(300)), 2),
    clientFrame(0x82, Buffer.from('y'), 8),
    clientFrame(0x82, Buffer.alloc(0)),
    clientFrame(0x88, Buffer.from([3, 232])),
  ]);
  const whole = `hel<ping>lo ${'x'.repeat(300)}y<close>`;
  expect(text(createFrameReader()(bytes))).toBe(whole);
  for (const step of [1, 2, 7, 64]) {
    const read = createFrameReader();
    const frames: ReadFrame[] = [];
    for (let at = 0; at < bytes.length; at += step) frames.push(...read(bytes.subarray(at, at + step)));
    expect(text(frames)).toBe(whole);
  }
});

test.each([
  ['not masked', Buffer.from([0x82, 0x01, 0x41])],
  ['an unknown opcode', Buffer.from([0x83, 0x80, 0, 0, 0, 0])],
  ['a reserved bit', Buffer.from([0xc2, 0x80, 0, 0, 0, 0])],
  ['a cut control frame', Buffer.from([0x09, 0x80, 0, 0, 0, 0])],
  ['a long control frame', Buffer.from([0x89, 0xfe, 0, 200, 0, 0, 0, 0])],
  ['a length beyond all', Buffer.from([0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0])],
])('%s breaks the protocol, and nothing is read any more', (_what, bytes) => {
  const read = createFrameReader();
  expect(read(bytes).map(({ kind }) => kind)).toEqual(['broken']);
  expect(read(clientFrame(0x82, Buffer.from('more')))).toEqual([]);
});

test('frames of the server have the shortest length that holds them', () => {
  expect([...formatServerFrame('binary', Buffer.from('ab'))]).toEqual([0x82, 2, 0x61, 0x62]);
  expect([...formatServerFrame('text', Buffer.alloc(200)).subarray(0, 4)]).toEqual([0x81, 126, 0, 200]);
  expect([...formatServerFrame('binary', Buffer.alloc(70_000)).subarray(0, 10)]).toEqual([
    0x82, 127, 0, 0, 0, 0, 0, 1, 17, 112,
  ]);
  expect([...formatClose(1000)]).toEqual([0x88, 2, 3, 232]);
});
