import { isKind } from '../../../lib/errors.ts';
import type { DnsServer, DnsUpstream } from '../../../linux/netns/dns-upstream.ts';
import { answers, type Query, RCODE, rcodeOf } from './message.ts';

/** A server that says nothing for so long is not waited for alone: the next one is asked too. */
const PATIENCE_MS = 1000;
/** How long an answer may take, as with Docker. */
const TRY_MS = 4000;
/** Silent servers are asked once more: a packet may have been lost. */
const ROUNDS = 2;

/**
 * Asks servers in their order, the next one as soon as one fails or keeps silent, and takes the first good answer of any. When there is none,
 * a refusal is better than nothing. undefined: nobody answered. `query` has the id that is asked under.
 */
export async function forward(
  upstream: DnsUpstream,
  servers: readonly DnsServer[],
  query: Query,
  via: 'udp' | 'tcp',
): Promise<Uint8Array | undefined> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | undefined>();
  const stop = new AbortController();
  const rest = Array.from({ length: ROUNDS }, () => servers).flat();
  const failed = new Set<DnsServer>();
  let waiting = 0;
  let refusal: Uint8Array | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const askNext = (): void => {
    clearTimeout(timer);
    let server = rest.shift();
    while (server && failed.has(server)) server = rest.shift();
    if (!server) {
      if (waiting === 0) resolve(refusal);
      return;
    }
    waiting++;
    timer = setTimeout(askNext, PATIENCE_MS);
    const options = { timeoutMs: TRY_MS, signal: stop.signal };
    const isAnswer = (bytes: Uint8Array): boolean => answers(bytes, query);
    upstream.ask(server, query.bytes, via, isAnswer, options).then(
      (response) => {
        waiting--;
        if (isGood(response)) return resolve(response);
        refusal = response;
        failed.add(server);
        askNext();
      },
      (error: unknown) => {
        waiting--;
        if (!isKind(error, 'deadline')) failed.add(server);
        askNext();
      },
    );
  };
  askNext();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

function isGood(response: Uint8Array): boolean {
  return rcodeOf(response) === RCODE.NO_ERROR || rcodeOf(response) === RCODE.NAME_ERROR;
}
