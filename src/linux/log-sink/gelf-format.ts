import { randomBytes } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import type { GelfRemote, OutgoingRecord } from './log-sink.ts';

/** Payload of a datagram as Graylog's own libraries have it: what an Ethernet frame takes. */
const DATAGRAM_BYTES = 1420;
const CHUNK_HEADER_BYTES = 12;
const CHUNKS_MAX = 128;
const CHUNK_MAGIC = [0x1e, 0x0f];
const LEVEL_ERROR = 3;
const LEVEL_INFO = 6;

/** One message of GELF 1.1 (https://go2docs.graylog.org, "GELF"), with the fields that Docker adds. */
export function formatGelf({ origin }: GelfRemote, record: OutgoingRecord, hostname: string): string {
  const extra = Object.entries(origin.extra).map(([key, value]) => [key.startsWith('_') ? key : `_${key}`, value]);
  return JSON.stringify({
    version: '1.1',
    host: hostname,
    short_message: record.text,
    timestamp: Number(`${record.time.seconds}.${String(Math.trunc(record.time.nanos / 1e6)).padStart(3, '0')}`),
    level: record.stream === 'stderr' ? LEVEL_ERROR : LEVEL_INFO,
    _command: origin.command,
    _container_id: origin.containerId,
    _container_name: origin.containerName,
    _created: origin.created,
    _image_id: origin.imageId,
    _image_name: origin.imageName,
    _tag: origin.tag,
    ...Object.fromEntries(extra),
  });
}

/**
 * The datagrams of a message: compressed, and cut into chunks when it is longer than one takes. None when it would
 * need more than 128 chunks, which no receiver accepts.
 */
export function toGelfDatagrams(
  text: string,
  { compression, compressionLevel: level }: Pick<GelfRemote, 'compression' | 'compressionLevel'>,
  messageId: Uint8Array = randomBytes(8),
): readonly Uint8Array[] {
  const bytes = Buffer.from(text);
  const packed =
    compression === 'none'
      ? bytes
      : compression === 'gzip'
        ? gzipSync(bytes, { level })
        : deflateSync(bytes, { level });
  if (packed.length <= DATAGRAM_BYTES) return [packed];
  const room = DATAGRAM_BYTES - CHUNK_HEADER_BYTES;
  const count = Math.ceil(packed.length / room);
  if (count > CHUNKS_MAX) return [];
  return Array.from({ length: count }, (_, at) =>
    Buffer.concat([
      Buffer.from(CHUNK_MAGIC),
      messageId,
      Buffer.from([at, count]),
      packed.subarray(at * room, (at + 1) * room),
    ]),
  );
}
