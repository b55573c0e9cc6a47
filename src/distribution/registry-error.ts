import { STATUS_CODES } from 'node:http';
import type { ErrorKind } from '../lib/errors.ts';
import { KnownError } from '../lib/errors.ts';
import { shownUrl } from '../lib/shown-url.ts';
import { parseChallenges } from './challenge.ts';
import { parseRateLimit } from './rate-limit.ts';

/** An error answer of a registry: HTTP status and the first entry of its `errors` list (distribution-spec, "Error Codes"). */
export class RegistryError extends KnownError {
  readonly status: number;
  /** `MANIFEST_UNKNOWN`, `DENIED`, ...; empty when the answer had none. */
  readonly code: string;
  /** Of a refusal for too many requests: when the registry wants to be asked again, in milliseconds; undefined: it does not say. */
  readonly waitMs: number | undefined;

  constructor(status: number, code: string, message: string, waitMs?: number) {
    super(kindOf(status, code), message);
    this.name = 'RegistryError';
    this.status = status;
    this.code = code;
    this.waitMs = waitMs;
  }
}

function kindOf(status: number, code: string): ErrorKind {
  if (status === 401 || code === 'UNAUTHORIZED') return 'unauthorized';
  if (status === 403 || code === 'DENIED') return 'forbidden';
  if (status === 404) return 'not_found';
  if (status === 429 || status >= 500) return 'unavailable';
  return 'system';
}

/** Reads an error answer's body; anything that is not the protocol's JSON becomes a plain status message. */
export function parseRegistryError(
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  body: string,
  url: string,
  method = 'GET',
): RegistryError {
  const { waitMs, note } = status === 429 ? parseRateLimit(headers, Date.now()) : { waitMs: undefined, note: '' };
  const entry = firstEntry(body);
  if (entry)
    return new RegistryError(status, entry.code, `${readableCode(entry.code)}: ${entry.message}${note}`, waitMs);
  const said = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
  const text = `unexpected status from ${method} request to ${shownUrl(url)}: ${said}${note}`;
  return new RegistryError(status, '', text, waitMs);
}

/**
 * A 401 whose challenge says why (RFC 6750 section 3.1): a token that lacks a right is a denial, and Basic that nobody has
 * credentials for is told so. Undefined: the challenge says nothing.
 */
export function refusalOf(response: Response, authorized: boolean): RegistryError | undefined {
  const challenges = parseChallenges(response.headers.get('www-authenticate'));
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (!bearer && !authorized && challenges.some(({ scheme }) => scheme === 'basic'))
    return new RegistryError(401, 'UNAUTHORIZED', 'no basic auth credentials');
  const text = bearer?.parameters.get('error_description')?.slice(0, 1000);
  switch (bearer?.parameters.get('error')) {
    case 'insufficient_scope':
      return new RegistryError(403, 'DENIED', `denied: ${text || 'requested access to the resource is denied'}`);
    case 'invalid_token':
      return new RegistryError(401, 'UNAUTHORIZED', `unauthorized: ${text || 'authentication required'}`);
    default:
      return undefined;
  }
}

/** `MANIFEST_UNKNOWN` is shown as `manifest unknown`, and `TOOMANYREQUESTS` as `toomanyrequests`. */
function readableCode(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}

function firstEntry(body: string): { readonly code: string; readonly message: string } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  const errors = field(parsed, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const code = field(first, 'code');
  const message = field(first, 'message');
  if (typeof code !== 'string' || code === '') return undefined;
  return {
    code: printable(code.slice(0, 100)),
    message: typeof message === 'string' && message ? printable(message.slice(0, 1000)) : readableCode(code),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

/** A registry must not move the cursor of whoever reads its errors. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}]+/gu, ' ');
}
