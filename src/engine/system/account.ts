import type { DataRootAccount, DataRootItem, DataRootPart, DataRootSizes } from '../../api/types/system.ts';
import { addSizes, NOTHING, type TreeSize } from '../../lib/fs/measure-tree.ts';

/** Whose a path below the data root is. */
export interface Owners {
  /** Images that need a blob, by the hexadecimal part of its digest; absent: none does. */
  blob(hex: string): string | undefined;
  /** Images and containers that stand on an unpacked layer, by the name of its folder; absent: none does. */
  layer(name: string): string | undefined;
  /** A container's name; absent: there is none. */
  container(id: string): string | undefined;
  /** False: no volume of that name is on record. */
  volume(name: string): boolean;
}

type Part =
  | 'Image blobs'
  | 'Unpacked layers'
  | 'Blobs and layers of no image'
  | 'Writable layers'
  | 'Container logs'
  | 'Container files'
  | 'Volumes'
  | 'Partial downloads'
  | 'Build cache'
  | 'Being written'
  | 'Being removed'
  | 'Database'
  | 'Folders and fixed files'
  | 'Belongs to nothing';

/** In the order they are shown, with the line of `docker system df` whose SIZE has them. */
const PARTS: Readonly<Record<Part, string>> = {
  'Image blobs': 'Images',
  'Unpacked layers': 'Images',
  'Blobs and layers of no image': 'Images',
  'Writable layers': 'Containers',
  'Container logs': '',
  'Container files': '',
  Volumes: 'Local Volumes',
  'Partial downloads': '',
  'Build cache': 'Build Cache',
  'Being written': '',
  'Being removed': '',
  Database: '',
  'Folders and fixed files': '',
  'Belongs to nothing': '',
};

const FIXED =
  /^(?:lock|secrets\.key|content\/oci-layout|layers\/empty|\.|content|content\/(?:blobs|blobs\/sha256|partial|ingest)|layers|writable|drafts|build|build\/cache|build-contexts|build-contexts\/extra|containers|volumes|volumes\/\.new|trash)$/;
const DATABASE = /^(?:db\.sqlite(?:-wal|-shm|-journal)?|reserve)$/;

/** What a path belongs to, as `DataRoot.measure` tells paths. */
export function partOf(path: string, owners: Owners): { readonly part: Part; readonly owner: string } {
  const of = (part: Part, owner: string | undefined, orElse: Part): { part: Part; owner: string } =>
    owner === undefined ? { part: orElse, owner: '' } : { part, owner };
  if (FIXED.test(path)) return { part: 'Folders and fixed files', owner: '' };
  if (DATABASE.test(path)) return { part: 'Database', owner: '' };
  const [top = '', second = '', ...rest] = path.split('/');
  switch (top) {
    case 'content':
      if (second === 'partial') return { part: 'Partial downloads', owner: '' };
      if (second === 'ingest') return { part: 'Being written', owner: '' };
      if (second !== 'blobs' || rest.length !== 2) break;
      return of('Image blobs', owners.blob(rest[1] ?? ''), 'Blobs and layers of no image');
    case 'layers':
      return of('Unpacked layers', owners.layer(second), 'Blobs and layers of no image');
    case 'writable':
      // `<id>.<n>` is one of an image that is mounted into the container.
      return of('Writable layers', owners.container(second.split('.', 1)[0] ?? ''), 'Belongs to nothing');
    case 'containers': {
      const log = /-json\.log|^container\.log|^log-place\.json/.test(rest[0] ?? '');
      return of(log ? 'Container logs' : 'Container files', owners.container(second), 'Belongs to nothing');
    }
    case 'volumes':
      if (second === '.new') return { part: 'Being written', owner: '' };
      return owners.volume(second) ? { part: 'Volumes', owner: second } : { part: 'Belongs to nothing', owner: '' };
    case 'build':
      return { part: second === 'cache' ? 'Build cache' : 'Being written', owner: '' };
    case 'build-contexts':
      return { part: second === 'extra' ? 'Being written' : 'Build cache', owner: '' };
    case 'drafts':
      return { part: 'Being written', owner: '' };
    case 'trash':
      return { part: 'Being removed', owner: '' };
  }
  return { part: 'Belongs to nothing', owner: '' };
}

/** Sums up what was measured, by part; every measured thing is in exactly one. */
export function account(
  measured: readonly { readonly path: string; readonly size: TreeSize }[],
  owners: Owners,
): Pick<DataRootAccount, 'Parts' | 'Items'> {
  const sums = new Map<string, TreeSize>();
  const items: DataRootItem[] = [];
  for (const { path, size } of measured) {
    const { part, owner } = partOf(path, owners);
    sums.set(part, addSizes(sums.get(part) ?? NOTHING, size));
    items.push({ Path: path, Part: part, Owner: owner, ...toSizes(size) });
  }
  const parts: DataRootPart[] = Object.entries(PARTS).map(([part, shownAs]) => ({
    Part: part,
    ShownAs: shownAs,
    ...toSizes(sums.get(part) ?? NOTHING),
  }));
  return { Parts: parts, Items: items };
}

function toSizes({ files, folders, fileBytes, apparentBytes, diskBytes }: TreeSize): DataRootSizes {
  return {
    Files: files,
    Folders: folders,
    FileBytes: fileBytes,
    ApparentBytes: apparentBytes,
    DiskBytes: diskBytes,
  };
}
