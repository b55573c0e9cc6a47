import { Duplex } from 'node:stream';
import type { DetachScanner } from './detach-keys.ts';

export interface StreamChoice {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** What waits for a client that does not read is a chunk of the process's stream, at most a socket buffer of the monitor, and no second one. */
const HIGH_WATER_MARK_BYTES = 16 * 1024;

/**
 * The stream of one attached client, made before there is a process to talk to. What the client types before `connect` waits in the
 * stream (16 KiB, then the client waits). Ends when the process's output ends, when the client types the detach keys, or by `finish`.
 */
export class AttachStream extends Duplex {
  private inner: Duplex | undefined;
  private waitingWrite: (() => void) | undefined;
  private wakeReplay: (() => void) | undefined;
  private replayed: Promise<void> = Promise.resolve();
  private readonly scanner: DetachScanner | undefined;
  private finished = false;
  /** What of the process this client wants. */
  readonly wants: StreamChoice;
  /** Called once when the client has typed the detach keys. */
  onDetach: (() => void) | undefined;

  constructor(options: { readonly scanner?: DetachScanner; readonly wants: StreamChoice }) {
    super({ allowHalfOpen: true, highWaterMark: HIGH_WATER_MARK_BYTES });
    this.scanner = options.scanner;
    this.wants = options.wants;
  }

  /** Joins the process's stream; its output comes after what `replay` says. */
  connect(inner: Duplex): void {
    if (this.destroyed || this.writableAborted) return void inner.destroy();
    this.inner = inner;
    inner.on('error', () => this.finish());
    void this.replayed.then(() => this.pump(inner));
    this.waitingWrite?.();
    this.waitingWrite = undefined;
  }

  private pump(inner: Duplex): void {
    inner.on('data', (chunk: Uint8Array) => {
      if (!this.finished && !this.push(chunk)) inner.pause();
    });
    inner.on('end', () => this.finish());
    inner.on('close', () => this.finish());
    inner.resume(); // it comes paused, and whoever reads this side may have asked long ago
    if (inner.readableEnded || inner.destroyed) this.finish();
  }

  /** Output that does not come from the process: the log so far. Goes at the reader's pace; ends early when the client leaves. */
  replay(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.replayed = this.sayAll(chunks);
    return this.replayed;
  }

  private async sayAll(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) {
      if (this.finished) return;
      if (this.push(chunk)) continue;
      await new Promise<void>((resolve) => {
        this.wakeReplay = resolve;
      });
    }
  }

  /** The whole output of a process that could not be started. */
  refuse(output: Uint8Array): void {
    this.push(output);
    this.finish();
  }

  /** Ends the output; the client sees the end of the stream. */
  finish(): void {
    if (this.destroyed || this.finished) return;
    this.finished = true;
    this.push(null);
    this.waitingWrite?.();
    this.waitingWrite = undefined;
  }
  override _read(): void {
    this.wakeReplay?.();
    this.inner?.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    if (!this.wants.stdin || this.finished) return done();
    const inner = this.inner;
    if (!inner) {
      this.waitingWrite = () => this._write(chunk, _encoding, done);
      return;
    }
    const { pass, detached } = this.scanner?.push(chunk) ?? { pass: chunk, detached: false };
    if (detached) {
      this.onDetach?.();
      inner.destroy();
      this.finish();
      return done();
    }
    if (pass.length === 0 || inner.destroyed || inner.writableEnded) return done();
    inner.write(pass, () => done());
  }

  override _final(done: () => void): void {
    if (!this.inner && !this.finished && this.wants.stdin) {
      this.waitingWrite = () => this._final(done);
      return;
    }
    if (this.wants.stdin && this.inner && !this.inner.destroyed) this.inner.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.finished = true;
    this.inner?.destroy();
    this.wakeReplay?.();
    this.waitingWrite = undefined;
    done(error);
  }
}
