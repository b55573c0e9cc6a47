import type { DnsServer } from '../../../linux/netns/dns-upstream.ts';
import { isTruncated, keepSeconds, type Query, replay } from './message.ts';

/** Responses of the outside for as long as their times to live say, at most so many and so long; the oldest go first. */
export interface ResponseCache {
  get(query: Query, via: 'udp' | 'tcp', servers: readonly DnsServer[]): Uint8Array | undefined;
  put(query: Query, via: 'udp' | 'tcp', servers: readonly DnsServer[], response: Uint8Array): void;
}

const MOST_ENTRIES = 1000;
const MOST_SECONDS = 300;
/** A longer one is not kept: a thousand of these are 4 MB. */
const MOST_BYTES = 4096;

export function createResponseCache(nowMs: () => number): ResponseCache {
  const kept = new Map<string, { readonly response: Uint8Array; readonly atMs: number; readonly untilMs: number }>();
  /** Everything but the id, whatever the spelling of the name. */
  const keyOf = ({ bytes, name, questionEnd }: Query, via: string, servers: readonly DnsServer[]): string =>
    [
      via,
      servers.map(({ address, netnsPath = '' }) => `${address}@${netnsPath}`).join(','),
      name,
      Buffer.from(bytes.subarray(2, 12)).toString('latin1'),
      Buffer.from(bytes.subarray(questionEnd - 4)).toString('latin1'),
    ].join(' ');
  return {
    get(query, via, servers) {
      const key = keyOf(query, via, servers);
      const entry = kept.get(key);
      if (!entry) return undefined;
      if (entry.untilMs > nowMs()) return replay(entry.response, query, Math.floor((nowMs() - entry.atMs) / 1000));
      kept.delete(key);
      return undefined;
    },
    put(query, via, servers, response) {
      const seconds = Math.min(keepSeconds(response), MOST_SECONDS);
      if (seconds <= 0 || isTruncated(response) || response.length > MOST_BYTES) return;
      const key = keyOf(query, via, servers);
      kept.delete(key);
      kept.set(key, { response, atMs: nowMs(), untilMs: nowMs() + seconds * 1000 });
      const [oldest] = kept.keys();
      if (kept.size > MOST_ENTRIES && oldest !== undefined) kept.delete(oldest);
    },
  };
}
