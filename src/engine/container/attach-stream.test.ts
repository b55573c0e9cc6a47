import { expect, test } from 'bun:test';
import { PassThrough, Readable } from 'node:stream';
import { AttachStream } from './attach-stream.ts';

const CHUNK_BYTES = 32 * 1024;
const WANTS = { stdin: false, stdout: true, stderr: true };

/** The process's stream, which has as much as is taken; says how much that was. */
function createOutput(chunks: number) {
  let taken = 0;
  const readable = new PassThrough({ highWaterMark: 1 });
  const source = Readable.from(
    (function* () {
      for (; taken < chunks; ) {
        taken++;
        yield Buffer.alloc(CHUNK_BYTES, taken);
      }
    })(),
    { highWaterMark: 1 },
  );
  source.pipe(readable);
  return { readable, taken: () => taken };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('what waits for a client that does not read is bounded', async () => {
  const output = createOutput(1000);
  const stream = new AttachStream({ wants: WANTS });
  stream.connect(output.readable);
  await turns(200);
  expect(stream.readableLength).toBeLessThanOrEqual(CHUNK_BYTES);
  const taken = output.taken();
  expect(taken).toBeLessThan(8);
  await turns(200);
  expect(output.taken()).toBe(taken);
  stream.destroy();
});

test('a client that reads at last gets everything in order', async () => {
  const output = createOutput(50);
  const stream = new AttachStream({ wants: WANTS });
  stream.connect(output.readable);
  await turns(100);
  const seen: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) seen.push(chunk);
  const expected = Array.from({ length: 50 }, (_, at) => Buffer.alloc(CHUNK_BYTES, at + 1));
  expect(Buffer.compare(Buffer.concat(seen), Buffer.concat(expected))).toBe(0);
});
