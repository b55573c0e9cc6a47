import { randomUUID } from 'node:crypto';
import type { OutgoingRecord, PartOfLine } from '../../../linux/log-sink/log-sink.ts';
import type { FollowedRecord } from '../../../store/record/log-follower.ts';

/** What the monitor cuts lines into (monitor/PROTOCOL.md, LOG_RECORD_BYTES). */
const RECORD_BYTES = 16 * 1024;

/** Numbers the parts of lines that are longer than a record, one stream after the other. */
export function createPartCounter(newId: () => string = randomUUID) {
  const open = new Map<string, { readonly id: string; readonly ordinal: number }>();
  return (record: FollowedRecord): OutgoingRecord => {
    const part = partOf(record);
    const { stream, seconds, nanos, text } = record;
    return { stream, time: { seconds, nanos }, text, ...(part && { partial: part }) };
  };

  function partOf({ stream, text, isComplete }: FollowedRecord): PartOfLine | undefined {
    const before = open.get(stream);
    // A last line without an end is a whole one.
    const goesOn = !isComplete && Buffer.byteLength(text) >= RECORD_BYTES;
    if (!before && !goesOn) return undefined;
    const part = { id: before?.id ?? newId(), ordinal: (before?.ordinal ?? 0) + 1 };
    if (goesOn) open.set(stream, part);
    else open.delete(stream);
    return { ...part, last: !goesOn };
  }
}
