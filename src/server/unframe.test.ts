import { expect, test } from 'bun:test';
import { formatFrame } from '../engine/container/frame.ts';
import { createUnframer } from './unframe.ts';

test('payloads come out as they went in, cut anywhere', () => {
  const bytes = Buffer.concat([
    formatFrame('stdout', Buffer.from('out ')),
    formatFrame('stderr', Buffer.alloc(0)),
    formatFrame('stderr', Buffer.from('err')),
  ]);
  for (const step of [1, 3, 8, 100]) {
    const unframe = createUnframer();
    let text = '';
    for (let at = 0; at < bytes.length; at += step)
      for (const payload of unframe(bytes.subarray(at, at + step))) text += Buffer.from(payload).toString();
    expect(text).toBe('out err');
  }
});
