import { expect, test } from 'bun:test';
import { createDemux } from './stdcopy.ts';

function frame(stream: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

function collect(chunks: readonly Uint8Array[]): { out: string; err: string } {
  const seen = { out: '', err: '' };
  const demux = createDemux(
    (bytes) => {
      seen.out += Buffer.from(bytes).toString();
    },
    (bytes) => {
      seen.err += Buffer.from(bytes).toString();
    },
  );
  for (const chunk of chunks) demux.push(chunk);
  return seen;
}

const STREAM = Buffer.concat([frame(1, 'hello '), frame(2, 'oops'), frame(1, ''), frame(1, 'world')]);

test('standard output and error come apart', () => {
  expect(collect([STREAM])).toEqual({ out: 'hello world', err: 'oops' });
});

test('wherever the stream is cut', () => {
  for (let cut = 1; cut < STREAM.length; cut++) {
    expect(collect([STREAM.subarray(0, cut), STREAM.subarray(cut)])).toEqual({ out: 'hello world', err: 'oops' });
  }
  expect(collect(Array.from(STREAM, (byte) => Buffer.from([byte])))).toEqual({ out: 'hello world', err: 'oops' });
});

test('an error of the daemon inside the stream is an error', () => {
  expect(() => collect([frame(1, 'x'), frame(3, 'disk is gone')])).toThrow('error from daemon in stream: disk is gone');
});

test('what is no frame is refused', () => {
  expect(() => collect([Buffer.from('this is plain text')])).toThrow('Unrecognized input header: 116');
});
