import type { ImageSummary } from '../../api/types/image.ts';
import { isKind } from '../../lib/errors.ts';
import { familiarName, parseReference } from '../../oci/reference.ts';
import { humanDuration } from './duration.ts';
import { shortId } from './ellipsis.ts';
import type { RowType } from './row-type.ts';
import { humanSize } from './size.ts';
import { formatTime } from './time.ts';

const NONE = '<none>';

/** A line of `docker images`: an image under one of its names. */
export interface ImageRow {
  readonly image: ImageSummary;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** How digests are shown: a row for each (`rows`, --digests), beside tags (`fields`, a template with .Digest), not at all. */
export type Digests = 'rows' | 'fields' | 'none';

/** The columns of `docker images`. */
export function imageRows(truncate: boolean, nowMs: number): RowType<ImageRow> {
  const size = (bytes: number | undefined): string => (bytes === undefined || bytes === -1 ? 'N/A' : humanSize(bytes));
  return {
    type: '*formatter.imageContext',
    columns: {
      ID: { title: 'IMAGE ID', text: ({ image: { Id = '' } }) => (truncate ? shortId(Id) : Id) },
      Repository: { title: 'REPOSITORY', text: (row) => row.repository },
      Tag: { title: 'TAG', text: (row) => row.tag },
      Digest: { title: 'DIGEST', text: (row) => row.digest },
      CreatedSince: {
        title: 'CREATED',
        text: ({ image: { Created = 0 } }) => `${humanDuration(nowMs - Created * 1000)} ago`,
      },
      CreatedAt: { title: 'CREATED AT', text: ({ image: { Created = 0 } }) => formatTime(Created) },
      Size: { title: 'SIZE', text: ({ image: { Size = 0 } }) => humanSize(Size, 3) },
      Containers: {
        title: 'CONTAINERS',
        text: ({ image: { Containers = -1 } }) => (Containers === -1 ? 'N/A' : String(Containers)),
      },
      VirtualSize: { title: 'SIZE', text: ({ image: { Size = 0 } }) => humanSize(Size) },
      SharedSize: { title: 'SHARED SIZE', text: ({ image }) => size(image.SharedSize) },
      UniqueSize: {
        title: 'UNIQUE SIZE',
        text: ({ image: { Size = 0, SharedSize = -1 } }) => (SharedSize === -1 ? 'N/A' : humanSize(Size - SharedSize)),
      },
    },
  };
}

/** The lines of the images: one for each name and tag, for each digest too where asked, `<none>` for those without names. */
export function toImageRows(images: readonly ImageSummary[], digests: Digests): readonly ImageRow[] {
  return images.flatMap((image) => (isDangling(image) ? [row(image, NONE, NONE, NONE)] : rowsOf(image, digests)));
}

/** True for an image without any name. */
export function isDangling({ RepoTags, RepoDigests }: ImageSummary): boolean {
  const [tags, digests] = [RepoTags ?? [], RepoDigests ?? []];
  return (
    (tags.length === 0 && digests.length === 0) ||
    (tags.join() === '<none>:<none>' && digests.join() === '<none>@<none>')
  );
}

function rowsOf(image: ImageSummary, digests: Digests): readonly ImageRow[] {
  const tags = group(image.RepoTags ?? [], 'tag');
  const byName = group(image.RepoDigests ?? [], 'digest');
  const rows: ImageRow[] = [];
  for (const [name, values] of tags) {
    const shown = digests === 'none' ? [] : (byName.get(name) ?? []);
    byName.delete(name);
    for (const tag of values) {
      for (const digest of shown.length === 0 ? [NONE] : shown) rows.push(row(image, name, tag, digest));
    }
  }
  for (const [name, values] of byName) {
    for (const digest of digests === 'rows' ? values : ['']) rows.push(row(image, name, NONE, digest));
  }
  return rows;
}

function row(image: ImageSummary, repository: string, tag: string, digest: string): ImageRow {
  return { image, repository, tag, digest };
}

/** Tags or digests by familiar name. */
function group(references: readonly string[], part: 'tag' | 'digest'): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const text of references) {
    const parsed = tryParse(text);
    const value = parsed?.[part];
    if (parsed === undefined || value === undefined) continue;
    const name = familiarName(parsed);
    groups.set(name, [...(groups.get(name) ?? []), value]);
  }
  return groups;
}

function tryParse(text: string): ReturnType<typeof parseReference> | undefined {
  try {
    return parseReference(text);
  } catch (error) {
    if (isKind(error, 'invalid_parameter')) return undefined;
    throw error;
  }
}
