import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable, Transform, Writable } from 'node:stream';
import { Readable as ReadableStream } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { assertNever, errnoOf, KnownError, messageOf } from '../../lib/errors.ts';
import type { Decompressor } from './decompressor.ts';
import { compressionOf, peek } from './decompressor.ts';
import { createZstdFrames } from './zstd-frames.ts';

/** gzip and zstd by the runtime, bzip2 and xz by their programs (xz with at most 256 MiB of memory). */
export function createDecompressor(): Decompressor {
  return {
    async *decompress(source, { signal }) {
      const { start, rest } = await peek(source);
      const kind = compressionOf(start);
      switch (kind) {
        case 'none':
          yield* rest;
          return;
        case 'gzip':
          yield* throughTransform(rest, createGunzip(), kind, signal);
          return;
        case 'zstd':
          yield* throughTransform(wholeFrames(rest), createZstdDecompress(), kind, signal);
          return;
        case 'bzip2':
          yield* throughProgram(rest, ['bzip2', '-dc'], signal);
          return;
        case 'xz':
          yield* throughProgram(rest, ['xz', '-dc', '-M', '256MiB'], signal);
          return;
        default:
          assertNever(kind);
      }
    },
  };
}

async function* wholeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = createZstdFrames();
  for await (const chunk of source) {
    frames.write(chunk);
    yield chunk;
  }
  frames.end();
}

async function* throughTransform(
  source: AsyncIterable<Uint8Array>,
  transform: Transform,
  kind: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const feeding = settle(pipeline(ReadableStream.from(source, { objectMode: false }), transform, { signal }));
  try {
    yield* transform as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw streamError((await feeding) ?? error, kind, signal);
  } finally {
    transform.destroy();
    await feeding;
  }
}

async function* throughProgram(
  source: AsyncIterable<Uint8Array>,
  argv: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], signal });
  const ended = exitOf(child, program);
  const feeding = settle(pipeline(ReadableStream.from(source, { objectMode: false }), child.stdin));
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const { code, stderr, failure } = await ended;
    const sourceFailure = await feeding;
    if (sourceFailure instanceof KnownError) throw sourceFailure;
    if (failure) throw failure;
    if (code !== 0)
      throw new KnownError('invalid_parameter', `${argv.join(' ')} ended with code ${code}: ${stderr.trim()}`);
  } catch (error) {
    throw streamError(error, program, signal);
  } finally {
    child.kill('SIGKILL');
    await Promise.all([ended, feeding]);
  }
}

interface Exit {
  readonly code: number | null;
  /** Last 4 KiB. */
  readonly stderr: string;
  readonly failure: KnownError | undefined;
}

function exitOf(child: ChildProcessByStdio<Writable, Readable, Readable>, program: string): Promise<Exit> {
  let stderr = '';
  let failure: KnownError | undefined;
  child.stderr.on('data', (piece: Buffer) => (stderr = (stderr + piece.toString()).slice(-4096)));
  child.stdin.on('error', () => undefined);
  return new Promise((resolve) => {
    child.on('error', (error) => {
      failure = startError(error, program);
      if (child.pid === undefined) resolve({ code: null, stderr, failure });
    });
    child.on('close', (code) => resolve({ code, stderr, failure }));
  });
}

function startError(error: unknown, program: string): KnownError {
  if (errnoOf(error) === 'ENOENT')
    return new KnownError('not_implemented', `this archive needs the program ${program}, which is not installed`, {
      cause: error,
    });
  return new KnownError('system', `${program}: ${messageOf(error)}`, { cause: error });
}

function streamError(error: unknown, kind: string, signal: AbortSignal): KnownError {
  if (signal.aborted) return new KnownError('cancelled', 'context canceled', { cause: error });
  if (error instanceof KnownError) return error;
  return new KnownError('invalid_parameter', `broken ${kind} data: ${messageOf(error)}`, { cause: error });
}

/** The failure of `work`, or undefined. Never rejects, so it may be awaited late. */
async function settle(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error;
  }
}
