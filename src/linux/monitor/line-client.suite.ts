import { expect } from 'bun:test';
import { createConnection, type Socket } from 'node:net';

/** A control connection, line by line. */
export interface Control {
  send(text: string): void;
  /** The next line; undefined when the monitor has closed the connection. */
  line(): Promise<string | undefined>;
  /** Every line up to the end. */
  rest(): Promise<readonly string[]>;
  readonly socket: Socket;
}

/** An attached stream, behind its answer line. */
export interface Attached {
  readonly socket: Socket;
  /** Everything up to the end, from when it is called: nothing is read before. */
  bytes(): Promise<Buffer>;
  /** The same, of which the frames are taken apart: text of stdout and stderr. */
  streams(): Promise<{ readonly out: string; readonly err: string }>;
  /** Reads on until that text has come. */
  expectText(text: string): Promise<void>;
}

/** A connection to the monitor, nothing said yet. */
export async function connect(path: string): Promise<Socket> {
  const socket = createConnection({ path, allowHalfOpen: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('error', reject);
  await promise;
  socket.removeListener('error', reject);
  return socket;
}

/** Says `control 1` and leaves the answer to the reader. */
export async function openControl(path: string): Promise<Control> {
  const socket = await connect(path);
  socket.write('control 1\n');
  return controlOf(socket);
}

export function controlOf(socket: Socket): Control {
  const lines = linesOf(socket);
  const control: Control = {
    send: (text) => void socket.write(`${text}\n`),
    line: async () => (await lines.next()).value ?? undefined,
    async rest() {
      const all: string[] = [];
      for (let line = await control.line(); line !== undefined; line = await control.line()) all.push(line);
      return all;
    },
    socket,
  };
  return control;
}

async function* linesOf(socket: Socket): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const chunk of socket) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  expect(rest).toBe('');
  return undefined;
}

/** Attaches and consumes the answer line. */
export async function openAttach(path: string, letters: string): Promise<Attached> {
  const socket = await connect(path);
  const answer = 'attached\n';
  let seen = Buffer.alloc(0);
  socket.write(`attach 1 ${letters}\n`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onData = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    if (seen.length < answer.length) return;
    socket.pause();
    socket.removeListener('data', onData);
    socket.unshift(seen.subarray(answer.length));
    resolve();
  };
  socket.on('data', onData);
  socket.once('end', () => reject(new Error('the monitor closed the connection')));
  await promise;
  expect(seen.subarray(0, answer.length).toString()).toBe(answer);
  const attached: Attached = {
    socket,
    async bytes() {
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
    async streams() {
      return takeApart(await attached.bytes());
    },
    async expectText(text) {
      let all = '';
      const { promise: found, resolve: stop } = Promise.withResolvers<void>();
      const take = (chunk: Buffer): void => {
        all += chunk.toString('latin1');
        if (all.includes(text)) stop();
      };
      socket.on('data', take);
      socket.resume();
      await found;
      socket.pause();
      socket.removeListener('data', take);
    },
  };
  return attached;
}

/** The frames of the Engine API's attach stream: stream number, three zeros, length, payload. */
function takeApart(bytes: Buffer): { readonly out: string; readonly err: string } {
  const parts = { 1: [] as Buffer[], 2: [] as Buffer[] };
  let at = 0;
  while (at < bytes.length) {
    const stream = bytes[at];
    const length = bytes.readUInt32BE(at + 4);
    expect([bytes[at + 1], bytes[at + 2], bytes[at + 3]]).toEqual([0, 0, 0]);
    if (stream !== 1 && stream !== 2) throw new Error(`frame of stream ${stream}`);
    expect(length).toBeGreaterThan(0);
    parts[stream].push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  expect(at).toBe(bytes.length);
  return { out: Buffer.concat(parts[1]).toString('latin1'), err: Buffer.concat(parts[2]).toString('latin1') };
}
