import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { KnownError, messageOf } from '../../lib/errors.ts';
import { createTarParser } from '../../lib/tar/parser.ts';
import { CLONE_FS, chroot, fchdir, unshare } from '../../linux/ffi/libc.host.ts';
import { applyLayer } from './apply-layer.host.ts';
import { CUT_OFF, type UnpackAnswer, type UnpackMessage, type UnpackReport } from './unpack.ts';

/**
 * A thread that unpacks one layer after the other. Meanwhile the layer's folder is its root. It makes synchronous calls only: what is
 * asynchronous runs on threads that all share, and one that is started from here would have this root, for whatever it does later.
 */
const inbox: UnpackMessage[] = [];
let wake: (() => void) | undefined;

parentPort?.on('message', (message: UnpackMessage) => {
  inbox.push(message);
  wake?.();
});

// Root and working directory are the thread's own from here on.
unshare(CLONE_FS);

void main();

async function main(): Promise<void> {
  for (;;) {
    const message = await receive();
    if (message.kind === 'begin')
      post(
        await unpack(message).catch((error: unknown): UnpackAnswer => ({ kind: 'failed', message: messageOf(error) })),
      );
  }
}

async function unpack({ target, home }: Extract<UnpackMessage, { kind: 'begin' }>): Promise<UnpackAnswer> {
  const layer = applyLayer();
  try {
    chroot(target);
    const hash = createHash('sha256');
    const parser = createTarParser(layer.sink);
    for (let message = await receive(); message.kind !== 'end'; message = await receive()) {
      if (message.kind !== 'piece') throw new KnownError('cancelled', CUT_OFF);
      hash.update(message.bytes);
      parser.write(message.bytes);
      post({ kind: 'credit' });
    }
    parser.end();
    return { kind: 'applied', diffId: `sha256:${hash.digest('hex')}`, sizeBytes: layer.finish() };
  } finally {
    // What it opened is the process's, not the thread's: it would outlive it.
    layer.close();
    fchdir(home);
    chroot('.');
  }
}

async function receive(): Promise<UnpackMessage> {
  for (;;) {
    const message = inbox.shift();
    if (message) return message;
    await new Promise<void>((resolve) => (wake = resolve));
  }
}

function post(report: UnpackReport): void {
  parentPort?.postMessage(report);
}
