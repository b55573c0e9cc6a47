import { KnownError } from '../errors.ts';
import type { TarHeader } from './header.ts';
import { createTarParser } from './parser.ts';

/** What an archive holds, in order: each entry, its content, its end. */
export type TarEvent =
  | { readonly kind: 'entry'; readonly header: TarHeader }
  /** Zeros of holes too. */
  | { readonly kind: 'data'; readonly piece: Uint8Array }
  | { readonly kind: 'end' };

/** Zeros of all holes of an archive together: a header of 512 bytes can promise 8 EiB. */
const MAX_HOLE_BYTES = 64 * 2 ** 30;
const ZEROS = new Uint8Array(64 * 1024);

/**
 * The parser pushes; this turns it into something that is pulled, one chunk of input at a time. Pieces are of the input's chunks or zeros, not to be
 * written to. Errors: those of the parser; invalid_parameter for more than 64 GiB of holes.
 */
export async function* tarEvents(plain: AsyncIterable<Uint8Array>): AsyncGenerator<TarEvent, undefined> {
  let events: (TarEvent | { readonly kind: 'hole'; readonly sizeBytes: number })[] = [];
  let holeBytes = 0;
  const parser = createTarParser({
    entry: (header) => void events.push({ kind: 'entry', header }),
    data: (piece) => void events.push({ kind: 'data', piece }),
    hole(sizeBytes) {
      holeBytes += sizeBytes;
      if (holeBytes > MAX_HOLE_BYTES)
        throw new KnownError('invalid_parameter', `archive has more than ${MAX_HOLE_BYTES} bytes of holes`);
      events.push({ kind: 'hole', sizeBytes });
    },
    entryEnd: () => void events.push({ kind: 'end' }),
  });
  for await (const chunk of plain) {
    parser.write(chunk);
    const found = events;
    events = [];
    for (const event of found)
      if (event.kind === 'hole') yield* zeros(event.sizeBytes);
      else yield event;
  }
  parser.end();
}

function* zeros(sizeBytes: number): Generator<TarEvent> {
  for (let left = sizeBytes; left > 0; left -= ZEROS.length)
    yield { kind: 'data', piece: ZEROS.subarray(0, Math.min(left, ZEROS.length)) };
}
