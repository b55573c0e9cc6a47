import { Database } from 'bun:sqlite';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string; readonly size: number }[];
}

/**
 * What is wrong between the records below a data root and its files, nothing when all is well: every blob is what it is called, every image
 * has all its blobs and unpacked layers, every layer and container has its folder and the layers below, and nothing else lies there.
 */
export function storeProblems(dataRoot: string): readonly string[] {
  const db = new Database(join(dataRoot, 'db.sqlite'), { readonly: true });
  try {
    return [...blobProblems(dataRoot), ...imageProblems(dataRoot, db), ...folderProblems(dataRoot, db)];
  } finally {
    db.close();
  }
}

/** What is still there of images, containers and volumes when everything has been removed. */
export function remains(dataRoot: string): readonly string[] {
  const left = [
    'content/blobs/sha256',
    'content/partial',
    'content/ingest',
    'writable',
    'containers',
    'volumes',
    'volumes/.new',
    'trash',
  ]
    .flatMap((folder) => namesIn(join(dataRoot, folder)).map((name) => `${folder}/${name}`))
    .filter((name) => name !== 'volumes/.new')
    .concat(
      namesIn(join(dataRoot, 'layers'))
        .filter((name) => name !== 'empty')
        .map((name) => `layers/${name}`),
    );
  const db = new Database(join(dataRoot, 'db.sqlite'), { readonly: true });
  try {
    for (const table of ['image', 'image_name', 'layer', 'writable', 'containers', 'volume', 'volume_use'])
      for (const row of db.query(`SELECT * FROM ${table}`).all()) left.push(`${table}: ${JSON.stringify(row)}`);
  } finally {
    db.close();
  }
  return left;
}

function blobProblems(dataRoot: string): readonly string[] {
  const folder = join(dataRoot, 'content/blobs/sha256');
  return namesIn(folder).flatMap((name) => {
    const found = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    return found === name ? [] : [`blob ${name} has the content of ${found}`];
  });
}

function imageProblems(dataRoot: string, db: Database): readonly string[] {
  const blob = (digest: string): string => join(dataRoot, 'content/blobs/sha256', digest.slice('sha256:'.length));
  const chains = new Set(column(db, 'SELECT chain AS it FROM layer'));
  const needed = new Set<string>();
  const problems: string[] = [];
  for (const image of column(db, 'SELECT digest AS it FROM image')) {
    const missing = (what: string): void => void problems.push(`image ${image} lacks ${what}`);
    needed.add(image);
    if (!existsSync(blob(image))) {
      missing('its manifest');
      continue;
    }
    const { config, layers = [] } = JSON.parse(readFileSync(blob(image), 'utf8')) as Manifest;
    for (const digest of [config?.digest ?? '', ...layers.map((layer) => layer.digest)]) {
      needed.add(digest);
      if (!existsSync(blob(digest))) missing(`blob ${digest}`);
    }
    if (!config || !existsSync(blob(config.digest))) continue;
    const { rootfs } = JSON.parse(readFileSync(blob(config.digest), 'utf8')) as { rootfs: { diff_ids: string[] } };
    for (const chain of chainsOf(rootfs.diff_ids)) if (!chains.has(chain)) missing(`the unpacked layer ${chain}`);
  }
  // Cached steps of builds keep their layers.
  for (const value of column(db, "SELECT value AS it FROM build_cache WHERE key LIKE 'layer %'"))
    needed.add((JSON.parse(value) as { readonly descriptor: { readonly digest: string } }).descriptor.digest);
  for (const name of namesIn(join(dataRoot, 'content/blobs/sha256')))
    if (!needed.has(`sha256:${name}`)) problems.push(`blob ${name} is of no image`);
  return problems;
}

/** Chain ids (image-spec config.md, "Layer ChainID"). */
function chainsOf(diffIds: readonly string[]): readonly string[] {
  const chains: string[] = [];
  for (const diffId of diffIds) {
    const below = chains.at(-1);
    const hash = createHash('sha256').update(`${below} ${diffId}`).digest('hex');
    chains.push(below === undefined ? diffId : `sha256:${hash}`);
  }
  return chains;
}

function folderProblems(dataRoot: string, db: Database): readonly string[] {
  const layers = db.query<{ chain: string; parent: string | null; name: string }, []>('SELECT * FROM layer').all();
  const chains = new Set(layers.map(({ chain }) => chain));
  const orphans = layers.filter(({ parent }) => parent !== null && !chains.has(parent));
  const writable = db.query<{ container: string; chain: string | null }, []>('SELECT * FROM writable').all();
  const bare = writable.filter(({ chain }) => chain !== null && !chains.has(chain));
  const containers = column(db, 'SELECT id AS it FROM containers');
  const ghosts = column(db, 'SELECT container AS it FROM volume_use').filter((id) => !containers.includes(id));
  return [
    ...orphans.map(({ chain }) => `layer ${chain} lacks the one below`),
    ...bare.map(({ container }) => `container ${container} lacks its layers`),
    ...ghosts.map((id) => `a volume is used by the container ${id}, which is none`),
    ...differ(dataRoot, 'layers', [...layers.map(({ name }) => name), 'empty']),
    ...differ(dataRoot, 'writable', containers),
    ...differ(dataRoot, 'containers', containers),
    ...differ(dataRoot, 'volumes', column(db, 'SELECT name AS it FROM volume')),
    ...differ(dataRoot, 'volumes/.new', []),
    ...differ(dataRoot, 'content/ingest', []),
    ...differ(dataRoot, 'trash', []),
  ];
}

function differ(dataRoot: string, folder: string, recorded: readonly string[]): readonly string[] {
  const names = namesIn(join(dataRoot, folder)).filter((name) => name !== '.new');
  return [
    ...names.filter((name) => !recorded.includes(name)).map((name) => `${folder}/${name} is on no record`),
    ...recorded.filter((name) => !names.includes(name)).map((name) => `${folder}/${name} is on record and not there`),
  ];
}

function column(db: Database, sql: string): readonly string[] {
  return db
    .query<{ it: string }, []>(sql)
    .all()
    .map(({ it }) => it);
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
