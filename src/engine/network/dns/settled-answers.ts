import type { SandboxRecord } from '../../../store/record/network-records.ts';
import { withId } from './message.ts';
import type { NameIndex, NameView } from './names.ts';

/**
 * Answers to what a container has asked over UDP, byte for byte, that are the same each time, as long as nobody's names or addresses change:
 * to look one up takes a tenth of the time it takes to make it. Per container at most so many; when there are more, all are made again.
 */
export interface SettledAnswers {
  get(view: NameView, query: Uint8Array): Uint8Array | undefined;
  put(view: NameView, query: Uint8Array, answer: Uint8Array): void;
}

const MOST_OF_ONE = 256;
/** Of a query, and of its answer. */
const MOST_BYTES = 512;

export function createSettledAnswers(): SettledAnswers {
  let index: NameIndex | undefined;
  let settled = new Map<SandboxRecord, Map<string, Uint8Array>>();
  return {
    get({ own, names }, query) {
      if (names !== index || query.length > MOST_BYTES) return undefined;
      const answer = settled.get(own)?.get(keyOf(query));
      return answer && withId(answer, (query[0] ?? 0) * 256 + (query[1] ?? 0));
    },
    put({ own, names }, query, answer) {
      if (names !== index) [index, settled] = [names, new Map()];
      if (query.length > MOST_BYTES || answer.length > MOST_BYTES) return;
      const known = settled.get(own);
      const answers = known && known.size < MOST_OF_ONE ? known : new Map<string, Uint8Array>();
      settled.set(own, answers.set(keyOf(query), Uint8Array.from(answer)));
    },
  };
}

/** Everything but the id. */
function keyOf(query: Uint8Array): string {
  return Buffer.from(query.buffer, query.byteOffset, query.length).toString('latin1', 2);
}
