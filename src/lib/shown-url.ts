/** An address for people: without what may be a secret. User, signature and upload state are in the user part and the query. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url);
  return parsed
    ? `${parsed.protocol}//${parsed.host}${parsed.pathname}`.slice(0, 500)
    : (url.split('?')[0] ?? '').slice(0, 200);
}
