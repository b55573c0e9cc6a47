import type { DataRootAccount, DataRootItem, DataRootPart, DataRootSizes } from '../../api/types/system.ts';
import { humanSize } from './size.ts';
import { alignTabs } from './tabwriter.ts';

/**
 * `docker system df --explain`: every byte below the data root by what it belongs to, and what du says of it. With `items` the things
 * themselves too, largest first.
 */
export function formatAccount(
  { Path, Parts, Items, Du }: DataRootAccount,
  options: { readonly items: boolean },
): string {
  const total = Parts.reduce(addUp, ZERO);
  const rows = Parts.map((part) => [part.Part, part.ShownAs || '-', ...numbers(part)]);
  const table = alignTabs(
    [['PART', 'IN DF AS', 'FILES', 'FOLDERS', 'SIZE', 'ON DISK'], ...rows, ['Total', '', ...numbers(total)]]
      .map((row) => row.join('\t'))
      .join('\n'),
  );
  const sections = [`Data root: ${Path}`, table, shown(Parts, total), compared(total, Du)];
  if (options.items) sections.push(itemTable(Items));
  return `${sections.join('\n\n')}\n`;
}

const ZERO: DataRootSizes = { Files: 0, Folders: 0, FileBytes: 0, ApparentBytes: 0, DiskBytes: 0 };

function addUp(a: DataRootSizes, b: DataRootSizes): DataRootSizes {
  return {
    Files: a.Files + b.Files,
    Folders: a.Folders + b.Folders,
    FileBytes: a.FileBytes + b.FileBytes,
    ApparentBytes: a.ApparentBytes + b.ApparentBytes,
    DiskBytes: a.DiskBytes + b.DiskBytes,
  };
}

function numbers({ Files, Folders, FileBytes, DiskBytes }: DataRootSizes): readonly string[] {
  return [String(Files), String(Folders), humanSize(FileBytes), humanSize(DiskBytes)];
}

/** How the lines of `docker system df` come to what is on disk. */
function shown(parts: readonly DataRootPart[], total: DataRootSizes): string {
  const inDf = parts.filter(({ ShownAs }) => ShownAs !== '').reduce(addUp, ZERO).FileBytes;
  return alignTabs(
    [
      ['Files that docker system df counts', humanSize(inDf)],
      ['Files that it has no line for', humanSize(total.FileBytes - inDf)],
      ['Folders themselves', humanSize(total.ApparentBytes - total.FileBytes)],
      ['Blocks beyond that (negative: holes)', signed(total.DiskBytes - total.ApparentBytes)],
      ['On disk', humanSize(total.DiskBytes)],
    ]
      .map((row) => row.join('\t'))
      .join('\n'),
  );
}

function signed(bytes: number): string {
  return bytes < 0 ? `-${humanSize(-bytes)}` : humanSize(bytes);
}

/** In bytes, since it is to be compared. */
function compared(total: DataRootSizes, du: DataRootAccount['Du']): string {
  if ('Error' in du) return `du does not say: ${du.Error}`;
  const line = (command: string, counted: number, says: number): string =>
    [command, String(says), String(counted), String(says - counted)].join('\t');
  return alignTabs(
    [
      'BYTES\tDU SAYS\tCOUNTED\tDIFFERENCE',
      line('du -s --apparent-size', total.ApparentBytes, du.ApparentBytes),
      line('du -s', total.DiskBytes, du.DiskBytes),
    ].join('\n'),
  );
}

function itemTable(items: readonly DataRootItem[]): string {
  const rows = items
    .toSorted((a, b) => b.DiskBytes - a.DiskBytes || (a.Path < b.Path ? -1 : 1))
    .map((item) => [humanSize(item.DiskBytes), humanSize(item.FileBytes), item.Part, item.Path, item.Owner || '-']);
  return alignTabs([['ON DISK', 'SIZE', 'PART', 'PATH', 'OF'], ...rows].map((row) => row.join('\t')).join('\n'));
}
