import type { DnsUpstream } from '../../../linux/netns/dns-upstream.ts';
import { ipBytesOf } from '../ipam.ts';
import { createResponseCache } from './cache.ts';
import {
  answers,
  formatAnswer,
  formatName,
  isTruncated,
  type OwnAnswer,
  parseQuery,
  type Query,
  RCODE,
  rcodeOf,
  TYPE,
  udpLimit,
  withId,
} from './message.ts';
import { addressesOf, mayAskOutside, type NameView, nameOfAddress, reverseAddress } from './names.ts';

/** Answers the queries of containers: names of their networks itself, everything else by asking the resolvers of the host. */
export interface Resolver {
  /** undefined: no answer is due. Never fails: what cannot be answered is SERVFAIL. */
  answer(view: NameView, bytes: Uint8Array, via: 'udp' | 'tcp'): Promise<Uint8Array | undefined>;
}

export interface ResolverDeps {
  readonly upstream: DnsUpstream;
  /** Addresses of the host's resolvers, read anew with each call. */
  readonly hostServers: () => readonly string[];
  readonly nowMs: () => number;
  /** [0,1), for ids and the order of addresses. */
  readonly random: () => number;
}

const QUERY = 0;
const CLASS_IN = 1;
/** As Docker's. */
const TTL_SECONDS = 600;
/** Once around all servers, then once more. */
const ROUNDS = 2;
const TRY_MS = 1500;
/** Queries to the outside that wait at once; beyond that they fail at once. */
const MOST_WAITING = 1024;

export function createResolver({ upstream, hostServers, nowMs, random }: ResolverDeps): Resolver {
  const cache = createResponseCache(nowMs);
  let waiting = 0;
  return {
    async answer(view, bytes, via) {
      const query = parseQuery(bytes);
      if (!query) return undefined;
      const own = query.opcode === QUERY ? answerOwn(view, query, random) : nothing(RCODE.NOT_IMPLEMENTED);
      if (own) return formatAnswer(query, own, via, TTL_SECONDS);
      const failure = formatAnswer(query, nothing(RCODE.SERVER_FAILURE), via, TTL_SECONDS);
      if (!mayAskOutside(view) || waiting >= MOST_WAITING) return failure;
      waiting++;
      try {
        return (await askOutside(view.own.dns, query, via)) ?? failure;
      } finally {
        waiting--;
      }
    },
  };

  async function askOutside(
    chosen: readonly string[],
    query: Query,
    via: 'udp' | 'tcp',
  ): Promise<Uint8Array | undefined> {
    const servers = chosen.length > 0 ? chosen : hostServers();
    const known = cache.get(query, via, servers);
    if (known) return known;
    const asked = { ...query, bytes: withId(query.bytes, Math.floor(random() * 65_536)) };
    let refused: Uint8Array | undefined;
    for (const server of Array.from({ length: ROUNDS }, () => servers).flat()) {
      const response = await tryOne(server, asked, via);
      if (!response) continue;
      const answer = withId(response, (query.bytes[0] ?? 0) * 256 + (query.bytes[1] ?? 0));
      if ([RCODE.NO_ERROR, RCODE.NAME_ERROR].every((code) => code !== rcodeOf(response))) {
        refused = answer;
        continue;
      }
      cache.put(query, via, servers, response);
      return answer;
    }
    return refused;
  }

  /** undefined: no good answer in time. */
  async function tryOne(server: string, query: Query, via: 'udp' | 'tcp'): Promise<Uint8Array | undefined> {
    try {
      const response = await upstream.ask(server, query.bytes, via, TRY_MS, (bytes) => answers(bytes, query));
      return via === 'udp' &&
        response.length > Math.max(udpLimit(query), query.edns?.udpBytes ?? 0) &&
        !isTruncated(response)
        ? undefined
        : response;
    } catch {
      return undefined;
    }
  }
}

/** undefined: it is not ours to answer. */
function answerOwn(view: NameView, query: Query, random: () => number): OwnAnswer | undefined {
  if (query.class !== CLASS_IN) return undefined;
  const reversed = reverseAddress(query.name);
  if (reversed !== undefined) return answerReverse(view, query, reversed);
  const addresses = addressesOf(view, query.name);
  if (!addresses) return undefined;
  // The name is there, whatever is asked of it: no error, and nothing for what it has not (NODATA).
  if (query.type !== TYPE.A) return nothing(RCODE.NO_ERROR);
  const first = Math.floor(random() * addresses.length);
  const rotated = [...addresses.slice(first), ...addresses.slice(0, first)];
  return { rcode: RCODE.NO_ERROR, records: rotated.map((ip) => ({ type: TYPE.A, data: ipBytesOf(ip) })) };
}

function answerReverse(view: NameView, query: Query, ip: string): OwnAnswer | undefined {
  const found = nameOfAddress(view, ip);
  if (!found) return undefined;
  if (found.name === undefined) return nothing(RCODE.NAME_ERROR);
  if (query.type !== TYPE.PTR) return nothing(RCODE.NO_ERROR);
  return { rcode: RCODE.NO_ERROR, records: [{ type: TYPE.PTR, data: formatName(found.name) }] };
}

function nothing(rcode: number): OwnAnswer {
  return { rcode, records: [] };
}
