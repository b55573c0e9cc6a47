import { Duplex } from 'node:stream';
import type { DetachScanner } from './detach-keys.ts';

export interface StreamChoice {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/**
 * The stream of one attached client, made before there is a process to talk to. What the client types before `connect` waits in the
 * stream (16 KiB, then the client waits). Ends when the process's output ends, when the client types the detach keys, or by `finish`.
 */
export class AttachStream extends Duplex {
  private inner: Duplex | undefined;
  private waitingWrite: (() => void) | undefined;
  private readonly scanner: DetachScanner | undefined;
  private finished = false;
  /** What of the process this client wants. */
  readonly wants: StreamChoice;
  /** Called once when the client has typed the detach keys. */
  onDetach: (() => void) | undefined;

  constructor(options: { readonly scanner?: DetachScanner; readonly wants: StreamChoice }) {
    super({ allowHalfOpen: true });
    this.scanner = options.scanner;
    this.wants = options.wants;
  }

  /** Joins the process's stream. */
  connect(inner: Duplex): void {
    if (this.destroyed || this.writableAborted) return void inner.destroy();
    this.inner = inner;
    inner.on('data', (chunk: Uint8Array) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.on('end', () => this.finish());
    inner.on('error', () => this.finish());
    inner.on('close', () => this.finish());
    this.waitingWrite?.();
    this.waitingWrite = undefined;
  }

  /** Output that does not come from the process: the log before it, an error text. False: wait for `drain` of the reader. */
  say(chunk: Uint8Array): boolean {
    return this.readableEnded || this.destroyed ? true : this.push(chunk);
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
    this.waitingWrite = undefined;
    done(error);
  }
}
