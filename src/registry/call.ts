import type { ContentDigest } from './name.ts';

/** A request, free of the HTTP library. */
export interface Call {
  readonly method: string;
  /** As it came, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: { get(name: string): string | null };
  /** Throws when the connection breaks before its end. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
  /** Whether the same client may do something else too. */
  readonly may: (access: Access) => Promise<boolean>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: ReplyBody;
}

/** For HEAD the body is left out and the header Content-Length of the reply counts. */
export type ReplyBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array | string }
  | { readonly kind: 'file'; readonly path: string; readonly start: number; readonly end: number }
  | { readonly kind: 'stream'; readonly source: AsyncIterable<Uint8Array> };

/** What a request wants to do; `catalog` is the list of all repositories. */
export type Access =
  | { readonly kind: 'repository'; readonly name: string; readonly actions: readonly Action[] }
  | { readonly kind: 'catalog' }
  /** The API's base: any user, or nobody in particular where there are no users. */
  | { readonly kind: 'none' }
  | { readonly kind: 'anyone' };
export type Action = 'pull' | 'push' | 'delete';

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return text(status, JSON.stringify(value), 'application/json', headers);
}

export function text(
  status: number,
  body: string,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers: { 'Content-Type': contentType, ...headers }, body: { kind: 'bytes', bytes: body } };
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers };
}

/** `ETag` and If-None-Match of content that is named by its digest. */
export function isNotModified(call: Call, digest: ContentDigest): boolean {
  const header = call.headers.get('if-none-match');
  if (header === null) return false;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''));
  return tags.includes('*') || tags.includes(digest);
}

export function contentHeaders(digest: ContentDigest): Readonly<Record<string, string>> {
  return { 'Docker-Content-Digest': digest, ETag: `"${digest}"` };
}
