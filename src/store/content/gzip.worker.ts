import { parentPort } from 'node:worker_threads';
import { gzipMember } from '../../lib/compress/gzip-member.host.ts';

/** Answers each piece with its member. */
parentPort?.on('message', (piece: Uint8Array) => {
  const member = gzipMember(piece);
  parentPort?.postMessage(member, [member.buffer as ArrayBuffer]);
});
