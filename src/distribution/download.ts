import { isKind, KnownError } from '../lib/errors.ts';
import { shownUrl } from '../lib/shown-url.ts';
import type { Fetch } from './transport.ts';
import { readBody, send } from './transport.ts';

/**
 * Fetches a file by http or https; redirects as transport.send follows them, from https never down to http. The user part of the
 * address becomes Basic authorization of its host. Errors: not_found, invalid_parameter, unauthorized or forbidden for these statuses,
 * system for others and for no connection; cancelled.
 */
export type Download = (url: URL, options: { readonly signal: AbortSignal }) => Promise<Downloaded>;

export interface Downloaded {
  readonly body: AsyncIterable<Uint8Array>;
  /** What the server promises; undefined when it does not say. */
  readonly sizeBytes: number | undefined;
}

/** More of an error's page is not shown. */
const MAX_ERROR_BYTES = 4096;

export function createDownload(fetch: Fetch): Download {
  // A file that is said to be encoded is wanted as it is: its size is known, and what it is packed with is found out later.
  const raw: Fetch = (url, init) => fetch(url, { ...init, decompress: false } as Parameters<Fetch>[1]);
  return async (url, { signal }) => {
    const plain = new URL(url);
    plain.username = '';
    plain.password = '';
    const authorization = basicOf(url);
    const response = await send(raw, {
      url: plain.href,
      verifyTls: true,
      allowHttp: plain.protocol === 'http:',
      signal,
      ...(authorization === undefined ? {} : { authorization }),
    }).catch((error: unknown) => {
      throw isKind(error, 'unavailable') ? new KnownError('system', error.message, { cause: error }) : error;
    });
    if (response.status >= 400) throw await statusError(response, plain);
    const length = response.headers.get('content-length');
    return {
      body: response.body ?? none(),
      sizeBytes: length !== null && /^\d+$/.test(length) ? Number(length) : undefined,
    };
  };
}

function basicOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const pair = `${decoded(username)}:${decoded(password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function statusError(response: Response, url: URL): Promise<KnownError> {
  const text = await readBody(response, MAX_ERROR_BYTES).then(
    (bytes) => Buffer.from(bytes).toString().trim(),
    () => 'a long page',
  );
  const { status, statusText } = response;
  const said = `${status} ${statusText}`.trim();
  return new KnownError(kindOf(status), `failed to GET ${shownUrl(url.href)} with status ${said}: ${text}`);
}

function kindOf(status: number): KnownError['kind'] {
  switch (status) {
    case 400:
      return 'invalid_parameter';
    case 401:
      return 'unauthorized';
    case 403:
      return 'forbidden';
    case 404:
      return 'not_found';
    default:
      return 'system';
  }
}

async function* none(): AsyncGenerator<Uint8Array> {
  yield* [];
}
