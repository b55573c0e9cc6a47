import type { DnsServer, DnsUpstream } from '../../../linux/netns/dns-upstream.ts';
import { createResponseCache } from './cache.ts';
import { forward } from './forward.ts';
import { formatAnswer, formatName, type OwnAnswer, parseQuery, type Query, RCODE, TYPE, withId } from './message.ts';
import { addressesOf, mayAskOutside, type NameView, nameOfAddress, reverseAddress } from './names.ts';
import { hostServers, setsNdots } from './resolv-conf.ts';
import { createSettledAnswers } from './settled-answers.ts';

/** Answers the queries of containers: names of their networks itself, everything else by asking other resolvers. */
export interface Resolver {
  /**
   * undefined: no answer is due. At once for what needs nobody else. Never fails: what cannot be answered is SERVFAIL, and REFUSED when the
   * container, or all together, have too many queries under way already (1024, as Docker; 4096).
   */
  answer(view: NameView, bytes: Uint8Array, via: 'udp' | 'tcp'): Promise<Uint8Array> | Uint8Array | undefined;
}

export interface ResolverDeps {
  readonly upstream: DnsUpstream;
  /** The host's /etc/resolv.conf as it is now; empty without one. */
  readonly hostResolvConf: () => string;
  readonly nowMs: () => number;
  /** [0,1), for the order of addresses. */
  readonly random: () => number;
  /** 0 to 65,535; nobody can guess it. */
  readonly newId: () => number;
}

const QUERY = 0;
const CLASS_IN = 1;
/** As Docker's. */
const TTL_SECONDS = 600;
const MOST_OF_ONE = 1024;
const MOST_OF_ALL = 4096;
/** As many resolvers as resolv.conf(5) has, and Docker asks. */
const MOST_SERVERS = 3;

export function createResolver({ upstream, hostResolvConf, nowMs, random, newId }: ResolverDeps): Resolver {
  const cache = createResponseCache(nowMs);
  const settled = createSettledAnswers();
  const waiting = new Map<string, number>();
  let waitingOfAll = 0;
  return {
    answer(view, bytes, via) {
      const same = via === 'udp' ? settled.get(view, bytes) : undefined;
      if (same) return same;
      const query = parseQuery(bytes);
      if (!query) return undefined;
      const say = (answer: OwnAnswer): Uint8Array => formatAnswer(query, answer, via, TTL_SECONDS);
      if (query.opcode !== QUERY) return say(nothing(RCODE.NOT_IMPLEMENTED));
      const own = answerOwn(view, query, random);
      if (own) {
        const answer = say(own);
        // Several addresses come in another order each time.
        if (via === 'udp' && own.records.length <= 1) settled.put(view, bytes, answer);
        return answer;
      }
      if (!mayAskOutside(view)) return say(nothing(RCODE.SERVER_FAILURE));
      const host = hostResolvConf();
      if (isForSearchDomains(view, query, host)) return say(nothing(RCODE.NO_ERROR));
      const servers = serversOf(view, host);
      const known = cache.get(query, via, servers);
      if (known) return known;
      const { containerId } = view.own;
      if ((waiting.get(containerId) ?? 0) >= MOST_OF_ONE || waitingOfAll >= MOST_OF_ALL)
        return say(nothing(RCODE.REFUSED));
      return counted(containerId, () => askOutside(query, via, servers, say));
    },
  };

  async function askOutside(
    query: Query,
    via: 'udp' | 'tcp',
    servers: readonly DnsServer[],
    say: (answer: OwnAnswer) => Uint8Array,
  ): Promise<Uint8Array> {
    const response = await forward(upstream, servers, { ...query, bytes: withId(query.bytes, newId()) }, via);
    if (!response) return say(nothing(RCODE.SERVER_FAILURE));
    cache.put(query, via, servers, response);
    return withId(response, (query.bytes[0] ?? 0) * 256 + (query.bytes[1] ?? 0));
  }

  async function counted<T>(containerId: string, work: () => Promise<T>): Promise<T> {
    const add = (step: number): void => {
      waitingOfAll += step;
      const count = (waiting.get(containerId) ?? 0) + step;
      if (count > 0) waiting.set(containerId, count);
      else waiting.delete(containerId);
    };
    add(1);
    try {
      return await work();
    } finally {
      add(-1);
    }
  }
}

/** Resolvers of its own are asked from inside of the container, the host's from the host: each from where its address was meant. */
function serversOf({ own: { dns, netnsPath } }: NameView, host: string): readonly DnsServer[] {
  if (dns.length === 0) return hostServers(host).map((address) => ({ address }));
  return dns.slice(0, MOST_SERVERS).map((address) => ({ address, ...(netnsPath !== undefined && { netnsPath }) }));
}

/** Where `ndots` is set, Docker answers names without a dot as if they had no addresses, and the client goes on with its search domains. */
function isForSearchDomains({ own }: NameView, { name, type }: Query, host: string): boolean {
  const isAddress = type === TYPE.A || type === TYPE.AAAA;
  return isAddress && !name.includes('.') && setsNdots(own.dnsOptions ?? [], host);
}

/** undefined: it is not ours to answer. */
function answerOwn(view: NameView, query: Query, random: () => number): OwnAnswer | undefined {
  if (query.class !== CLASS_IN) return undefined;
  const reversed = reverseAddress(query.name);
  if (reversed !== undefined) return answerReverse(view, query, reversed);
  const addresses = addressesOf(view, query.name);
  if (!addresses) return undefined;
  // The name is there, whatever is asked of it: no error, and nothing for what it has not (NODATA).
  if (query.type !== TYPE.A && query.type !== TYPE.AAAA) return nothing(RCODE.NO_ERROR);
  const found = query.type === TYPE.A ? addresses.v4 : addresses.v6;
  const first = Math.floor(random() * found.length);
  const rotated = found.length > 1 ? [...found.slice(first), ...found.slice(0, first)] : found;
  return { rcode: RCODE.NO_ERROR, records: rotated.map((data) => ({ type: query.type, data })) };
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
