import type { FluentdRemote, OutgoingRecord } from './log-sink.ts';
import { type Packable, pack } from './msgpack.ts';

/**
 * One message in Forward Mode (https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1): tag, entries, options. With
 * `chunk` the remote answers `{"ack": chunk}`.
 */
export function formatForward(
  { origin, subSecond }: Pick<FluentdRemote, 'origin' | 'subSecond'>,
  records: readonly OutgoingRecord[],
  chunk: string | undefined,
): Uint8Array {
  const entries = records.map((record): Packable => {
    const fields = Object.entries({
      container_id: origin.containerId,
      container_name: `/${origin.containerName}`,
      source: record.stream,
      log: record.text,
      ...origin.extra,
      ...(record.partial && {
        partial_message: 'true',
        partial_id: record.partial.id,
        partial_ordinal: String(record.partial.ordinal),
        partial_last: String(record.partial.last),
      }),
    });
    return [subSecond ? record.time : record.time.seconds, new Map(fields)];
  });
  const options = new Map<string, Packable>([['size', records.length]]);
  if (chunk !== undefined) options.set('chunk', chunk);
  return pack([origin.tag, entries, options]);
}

/** What the remote answers for a chunk. */
export function formatAck(chunk: string): Uint8Array {
  return pack(new Map([['ack', chunk]]));
}
