import type { LogOrigin, OutgoingRecord } from './log-sink.ts';

const PRIORITY_ERROR = '3';
const PRIORITY_INFO = '6';

/** The fields of a record, as Docker's journald driver names them. */
export function journalFields(origin: LogOrigin, record: OutgoingRecord): Readonly<Record<string, string>> {
  const { nanos, seconds } = record.time;
  return {
    PRIORITY: record.stream === 'stderr' ? PRIORITY_ERROR : PRIORITY_INFO,
    MESSAGE: record.text,
    ...Object.fromEntries(
      Object.entries(origin.extra).flatMap(([key, value]) => (fieldName(key) === '' ? [] : [[fieldName(key), value]])),
    ),
    CONTAINER_ID: origin.containerId.slice(0, 12),
    CONTAINER_ID_FULL: origin.containerId,
    CONTAINER_NAME: origin.containerName,
    CONTAINER_TAG: origin.tag,
    IMAGE_NAME: origin.imageName,
    SYSLOG_IDENTIFIER: origin.tag,
    SYSLOG_TIMESTAMP: new Date(seconds * 1000).toISOString().replace('.000Z', `.${String(nanos).padStart(9, '0')}Z`),
    ...(record.partial && {
      ...(!record.partial.last && { CONTAINER_PARTIAL_MESSAGE: 'true' }),
      CONTAINER_PARTIAL_ID: record.partial.id,
      CONTAINER_PARTIAL_ORDINAL: String(record.partial.ordinal),
      CONTAINER_PARTIAL_LAST: String(record.partial.last),
    }),
  };
}

/** Capital letters, digits and underscores, the first no underscore; empty when nothing is left. */
export function fieldName(key: string): string {
  return key
    .toUpperCase()
    .replace(/[^A-Z0-9_]/g, '_')
    .replace(/^_+/, '');
}

/**
 * One datagram of systemd's native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL): `NAME=value`, or, when the value has line feeds,
 * the name, its length in 64 bits, little-endian, and the value.
 */
export function formatJournal(fields: Readonly<Record<string, string>>): Uint8Array {
  return Buffer.concat(Object.entries(fields).map(([name, value]) => formatField(name, value)));
}

function formatField(name: string, value: string): Uint8Array {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, bytes, Buffer.from('\n')]);
}
