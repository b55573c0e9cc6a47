import { type ErrorKind, isErrorKind, KnownError, messageOf } from '../../lib/errors.ts';
import { createFrameDecoder, encodeFrame, type Frame, type FrameType, MAX_PAYLOAD, malformed } from './frame.ts';

/** A byte stream in both directions. */
export interface Wire {
  /** Resolves when the next bytes may be written. Rejects when the peer is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** The next bytes; undefined: the peer has ended. One reader at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Ends our side; the peer can still send. */
  shutdown(): void;
  /** Closes both sides at once. */
  close(): void;
}

/** Messages, and channels of bytes that the daemon opens and the client answers on, over one wire. */
export interface SessionConnection {
  /** Resolves when the wire has taken it. Errors: those of the connection. */
  send(message: object): Promise<void>;
  /** Bytes of messages that wait for the wire. */
  readonly waitingBytes: number;
  /** A channel; `purpose` tells the other side what it is for. */
  open(purpose: object): Channel;
  /** Reads until the peer ends or the connection breaks. Resolves with the reason, undefined for an end in order. */
  readonly ended: Promise<Error | undefined>;
  /** Channels fail; when what was sent is on the wire, it is ended, and closed when the peer has ended too, or does not for a while. */
  close(): Promise<void>;
}

/**
 * Bytes in both directions. Each side sends no more than the other has room for: WINDOW_BYTES ahead of what is read there, so one that is not read stops
 * no other.
 */
export interface Channel {
  /** Undefined: the other side has ended. Errors: the reason of a reset, with its kind; the connection's. */
  read(): Promise<Uint8Array | undefined>;
  /** Waits for room. */
  write(bytes: Uint8Array): Promise<void>;
  end(): Promise<void>;
  /** Ends both directions with a reason, which the other side's calls fail with. */
  reset(reason: unknown): void;
}

export interface SessionHandlers {
  readonly onMessage: (message: Readonly<Record<string, unknown>>) => void;
  /** Undefined: the other side may open none. */
  readonly onOpen?: (purpose: Readonly<Record<string, unknown>>, channel: Channel) => void;
}

export const WINDOW_BYTES = 256 * 1024;

/** Channels that are open at once. */
const MAX_CHANNELS = 256;

const LINGER_MS = 3000;

const EMPTY = new Uint8Array(0);

export function createSessionConnection(wire: Wire, handlers: SessionHandlers): SessionConnection {
  const channels = new Map<number, OpenChannel>();
  let lastChannel = 0;
  let waitingBytes = 0;
  let tail: Promise<void> = Promise.resolve();
  let failure: Error | undefined;

  const put = async (type: FrameType, channel: number, payload: Uint8Array): Promise<void> => {
    if (failure) throw failure;
    const bytes = encodeFrame({ type, channel, payload });
    waitingBytes += bytes.length;
    const written = tail.then(async () => {
      if (failure) throw failure;
      await wire.write(bytes);
    });
    tail = written.then(
      () => undefined,
      (error: unknown) => fail(error),
    );
    try {
      await written;
    } finally {
      waitingBytes -= bytes.length;
    }
  };
  const stop = (error: unknown): void => {
    failure ??= error instanceof Error ? error : new KnownError('unavailable', messageOf(error));
    for (const channel of channels.values()) channel.fail(failure);
    channels.clear();
  };
  const fail = (error: unknown): void => {
    stop(error);
    wire.close();
  };
  const link = (number: number): OpenChannel => {
    const channel = new OpenChannel(
      async (type, payload) => await put(type, number, payload),
      () => channels.delete(number),
    );
    channels.set(number, channel);
    return channel;
  };
  const receive = ({ type, channel: number, payload }: Frame): void => {
    if (failure) return;
    if (type === 'message') return handlers.onMessage(parseObject(payload));
    if (type === 'open') {
      if (!handlers.onOpen) throw malformed('a channel was opened');
      if (channels.has(number) || number === 0) throw malformed(`channel ${number} is open`);
      if (channels.size >= MAX_CHANNELS) throw malformed('too many channels');
      return handlers.onOpen(parseObject(payload), link(number));
    }
    // what comes for a channel that is closed here was under way
    channels.get(number)?.receive(type, payload);
  };
  const listen = async (): Promise<Error | undefined> => {
    const decoder = createFrameDecoder();
    try {
      for (let bytes = await wire.read(); bytes !== undefined; bytes = await wire.read())
        for (const frame of decoder.push(bytes)) receive(frame);
    } catch (error) {
      fail(error);
      return failure;
    }
    fail(new KnownError('unavailable', 'the connection of the build was closed'));
    return undefined;
  };
  const ended = listen();

  return {
    send: async (message) => await put('message', 0, Buffer.from(JSON.stringify(message))),
    get waitingBytes() {
      return waitingBytes;
    },
    open(purpose) {
      if (failure) throw failure;
      if (channels.size >= MAX_CHANNELS) throw new KnownError('unavailable', 'too many channels of one build');
      const number = ++lastChannel;
      const channel = link(number);
      put('open', number, Buffer.from(JSON.stringify(purpose))).catch(() => undefined);
      return channel;
    },
    ended,
    async close() {
      await tail;
      stop(new KnownError('cancelled', 'the build has ended'));
      // what the peer still sends is taken: a close with bytes unread would take back what it has not read
      wire.shutdown();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LINGER_MS);
      });
      await Promise.race([ended, late]);
      clearTimeout(timer);
      wire.close();
    },
  };
}

class OpenChannel implements Channel {
  private readonly queue: Uint8Array[] = [];
  private queuedBytes = 0;
  /** Bytes that were read and not yet told as room. */
  private untold = 0;
  private room = WINDOW_BYTES;
  private failure: Error | undefined;
  private theirEnd = false;
  private ourEnd = false;
  private readonly waiting = new Set<() => void>();
  private readonly put: (type: FrameType, payload: Uint8Array) => Promise<void>;
  private readonly forget: () => void;

  constructor(put: (type: FrameType, payload: Uint8Array) => Promise<void>, forget: () => void) {
    this.put = put;
    this.forget = forget;
  }

  receive(type: FrameType, payload: Uint8Array): void {
    if (type === 'data') {
      this.queuedBytes += payload.length;
      if (this.theirEnd || this.queuedBytes + this.untold > WINDOW_BYTES)
        throw malformed('more bytes than there is room for');
      // a view of a buffer that is large would keep all of it
      if (payload.length > 0)
        this.queue.push(payload.length < payload.buffer.byteLength / 2 ? payload.slice() : payload);
    } else if (type === 'credit') this.room = Math.min(WINDOW_BYTES, this.room + Buffer.from(payload).readUInt32BE(0));
    else if (type === 'end') this.theirEnd = true;
    else if (type === 'reset') this.fail(toReason(payload));
    this.wake();
    this.forgetWhenDone();
  }

  fail(error: Error): void {
    this.failure ??= error;
    this.wake();
    this.forgetWhenDone();
  }

  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      const bytes = this.queue.shift();
      if (bytes !== undefined) {
        this.queuedBytes -= bytes.length;
        this.untold += bytes.length;
        if (this.untold >= WINDOW_BYTES / 2 && !this.theirEnd && !this.failure) {
          const credit = Buffer.alloc(4);
          credit.writeUInt32BE(this.untold, 0);
          this.untold = 0;
          this.put('credit', credit).catch(() => undefined);
        }
        return bytes;
      }
      if (this.failure) throw this.failure;
      if (this.theirEnd) return undefined;
      await this.change();
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      if (this.failure) throw this.failure;
      if (this.ourEnd) throw new KnownError('system', 'the channel was ended');
      if (this.room === 0) {
        await this.change();
        continue;
      }
      const piece = bytes.subarray(at, at + Math.min(this.room, MAX_PAYLOAD.data));
      this.room -= piece.length;
      at += piece.length;
      await this.put('data', piece);
    }
  }

  async end(): Promise<void> {
    if (this.failure) throw this.failure;
    if (this.ourEnd) return;
    this.ourEnd = true;
    await this.put('end', EMPTY);
    this.forgetWhenDone();
  }

  reset(reason: unknown): void {
    if (this.failure || (this.ourEnd && this.theirEnd)) return;
    const kind = reason instanceof KnownError ? reason.kind : 'system';
    const message = messageOf(reason).slice(0, 4096);
    this.put('reset', Buffer.from(JSON.stringify({ kind, message }))).catch(() => undefined);
    this.fail(new KnownError(kind, message));
  }

  private change(): Promise<void> {
    return new Promise((resolve) => void this.waiting.add(resolve));
  }

  private wake(): void {
    for (const resume of this.waiting) resume();
    this.waiting.clear();
  }

  private forgetWhenDone(): void {
    if (this.failure || (this.theirEnd && this.ourEnd)) this.forget();
  }
}

function toReason(payload: Uint8Array): KnownError {
  const { kind, message } = parseObject(payload);
  const known: ErrorKind = isErrorKind(kind) ? kind : 'system';
  return new KnownError(known, typeof message === 'string' ? message : 'the other side has given up');
}

function parseObject(payload: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'));
  } catch {
    throw malformed('a message that is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('a message that is no object');
  return value as Readonly<Record<string, unknown>>;
}

/** What comes on a channel until its end. */
export async function* bytesOf(channel: Channel): AsyncGenerator<Uint8Array> {
  for (let bytes = await channel.read(); bytes !== undefined; bytes = await channel.read()) yield bytes;
}

/** All that comes on a channel. Errors: invalid_parameter when it is more than `maxBytes`. */
export async function readAllOf(channel: Channel, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytesOf(channel)) {
    size += chunk.length;
    if (size > maxBytes) throw new KnownError('invalid_parameter', `more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
