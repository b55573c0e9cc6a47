import type { Call } from '../call.ts';
import { RegistryError } from '../registry-error.ts';

/** `n` and `last` of a request (spec, "Listing Tags"). Errors: UNSUPPORTED, 400. */
export interface Page {
  readonly n: number | undefined;
  readonly last: string | undefined;
}

export function parsePage(call: Call, maxSize: number): Page {
  const [n, last] = [call.query.get('n'), call.query.get('last') ?? undefined];
  if (n === null || n === '') return { n: undefined, last };
  if (!/^\d{1,9}$/.test(n))
    throw new RegistryError('UNSUPPORTED', 'invalid number of results requested', { status: 400, detail: { n } });
  return { n: Math.min(Number(n), maxSize), last };
}

/** The entries after `last`, at most `n`, and whether more come; `sorted` is in the order of `compare`. */
export function cutPage(
  sorted: readonly string[],
  { n, last }: Page,
  compare: (a: string, b: string) => number,
): { readonly entries: readonly string[]; readonly more: boolean } {
  const rest = last === undefined ? sorted : sorted.filter((entry) => compare(entry, last) > 0);
  const entries = n === undefined ? rest : rest.slice(0, n);
  return { entries, more: n !== undefined && n > 0 && rest.length > n };
}

/** RFC 5988, for the page after `entries`. */
export function linkHeader(url: string, n: number, entries: readonly string[]): Readonly<Record<string, string>> {
  const query = new URLSearchParams({ n: String(n), last: entries.at(-1) ?? '' });
  return { Link: `<${url}?${query.toString()}>; rel="next"` };
}
