import type { Reference } from './cases.ts';
import type { HistoryEntry } from './image-content.ts';

type EntryText = (entry: HistoryEntry) => string | undefined;

/** An entry with everything that it says. */
export function wholeEntry({ created_by = '', comment = '', author = '', empty_layer = false }: HistoryEntry): string {
  return [created_by, comment, author && `by ${author}`, empty_layer && 'empty'].filter(Boolean).join(' | ');
}

/** How entries of ours and of the reference are written to be compared; undefined: not at all. */
export function forReference(reference: Reference): { readonly ours: EntryText; readonly theirs: EntryText } {
  return reference === 'classic' ? { ours: oursAsClassic, theirs: classic } : { ours: asOlder, theirs: asOlder };
}

/**
 * The BuildKit of 2021 has no value in the entry of an ARG and no flags in that of a COPY, and writes ports and health checks otherwise; the
 * `convert.go` of today has them (dispatchArg, dispatchCopy, dispatchExpose, dispatchHealthcheck).
 */
function asOlder(entry: HistoryEntry): string {
  const text = (entry.created_by ?? '')
    .replace(/^EXPOSE map\[(.*)\]$/, (_, ports: string) => `EXPOSE [${ports.replaceAll(':{}', '')}]`)
    .replace(/^ARG .*/, argNames)
    .replace(/^HEALTHCHECK .*/, 'HEALTHCHECK')
    .replace(/^(COPY|ADD) (?:--chown=\S+ )?(?:--chmod=\S+ )?/, '$1 ');
  return wholeEntry({ ...entry, created_by: text });
}

const argNames = (text: string): string => text.replace(/=\S*/g, '');

/**
 * The classic builder writes what it did, BuildKit what the Dockerfile says: COPY and ADD are compared by their destination, ARG without
 * values, EXPOSE and HEALTHCHECK by their name. It marks no layer that came out empty, has an entry for ONBUILD, and an author and no comment in all.
 */
function classic({ created_by = '', comment }: HistoryEntry): string | undefined {
  const said = /^(?:\|\d+ .*)?\/bin\/\S+ .*?#\(nop\) +(.*)$/s.exec(created_by)?.[1];
  if (said?.startsWith('ONBUILD ')) return undefined;
  if (said !== undefined) return essence(said);
  return comment === undefined && created_by !== '' && !created_by.startsWith('busybox')
    ? essence(`RUN ${created_by}`)
    : undefined;
}

function oursAsClassic({ created_by = '', comment }: HistoryEntry): string | undefined {
  return comment === 'buildkit.dockerfile.v0' ? essence(created_by.replace(/ # buildkit$/, '')) : undefined;
}

function essence(text: string): string {
  const [keyword = ''] = text.split(' ', 1);
  if (keyword === 'ARG') return argNames(text.trim());
  if (keyword === 'EXPOSE' || keyword === 'HEALTHCHECK') return keyword;
  if (keyword === 'COPY' || keyword === 'ADD') return `${keyword} ${text.trim().split(' ').at(-1)}`;
  return text.trim();
}
