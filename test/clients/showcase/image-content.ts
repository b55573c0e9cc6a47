import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type TarEvent, tarEvents } from '../../../src/lib/tar/events.ts';
import type { TarHeader } from '../../../src/lib/tar/header.ts';

/** What an image says, as its config file has it. */
export interface ImageDocument {
  readonly architecture: string;
  readonly os: string;
  readonly author?: string;
  readonly variant?: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly HistoryEntry[];
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
}

export interface HistoryEntry {
  readonly created_by?: string;
  readonly comment?: string;
  readonly author?: string;
  readonly empty_layer?: boolean;
}

/** An image as `docker save` gives it: its document and what its layers make together. */
export interface ImageContent {
  readonly document: ImageDocument;
  /** By absolute path. What a line says: type, mode, owner, size, link, other names, device, attributes, hash, time when it is an old one. */
  readonly tree: ReadonlyMap<string, string>;
}

type Files = Map<string, Node>;

interface Node {
  readonly header: TarHeader;
  readonly hash: string;
  /** The same for all names of a file. */
  readonly file: object;
}

/** Layers that are known already, by diffID, each with the files that it and those below it make. */
export type LayerMemory = Map<string, Files>;

/** Reads an archive of one image. Layers are applied by the OCI image specification (layer.md, "Applying"). */
export async function readImage(archive: Uint8Array, memory: LayerMemory): Promise<ImageContent> {
  const members = await readMembers(archive);
  const text = (name: string): string => Buffer.from(member(members, name)).toString();
  const [entry] = JSON.parse(text('manifest.json')) as [{ Config: string; Layers: string[] }];
  const document = JSON.parse(text(entry.Config)) as ImageDocument;
  let files: Files = new Map();
  let chain = '';
  for (const [index, diffId] of document.rootfs.diff_ids.entries()) {
    chain += diffId;
    const known = memory.get(chain);
    files = known ?? (await applyLayer(files, plain(member(members, entry.Layers[index] ?? ''))));
    memory.set(chain, files);
  }
  return { document, tree: describe(files) };
}

type Members = ReadonlyMap<string, Uint8Array | string>;

/** Older daemons write a layer once and point to it from where it is used again. */
function member(members: Members, name: string): Uint8Array {
  const found = members.get(name);
  if (found === undefined) throw new Error(`the archive has no ${name}`);
  return typeof found === 'string' ? member(members, posix.join(posix.dirname(name), found)) : found;
}

function plain(layer: Uint8Array): Uint8Array {
  return layer[0] === 0x1f && layer[1] === 0x8b ? gunzipSync(layer) : layer;
}

async function readMembers(archive: Uint8Array): Promise<Members> {
  const members = new Map<string, Uint8Array | string>();
  for await (const { header, content } of entries(archive))
    if (header.type === 'file') members.set(header.name, content);
    else if (header.type === 'symlink') members.set(header.name, header.linkName);
  return members;
}

async function* entries(archive: Uint8Array): AsyncGenerator<{ header: TarHeader; content: Uint8Array }> {
  let open: { header: TarHeader; pieces: Uint8Array[] } | undefined;
  for await (const event of tarEvents(once(archive)) as AsyncIterable<TarEvent>)
    if (event.kind === 'entry') open = { header: event.header, pieces: [] };
    else if (event.kind === 'data') open?.pieces.push(event.piece);
    else if (open) yield { header: open.header, content: Buffer.concat(open.pieces) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function applyLayer(below: Files, layer: Uint8Array): Promise<Files> {
  const files = new Map(below);
  const added = new Map<string, Node>();
  for await (const { header, content } of entries(layer)) {
    const path = posix.join('/', header.name).replace(/(.)\/$/, '$1');
    const [folder, name] = [posix.dirname(path), posix.basename(path)];
    if (name === '.wh..wh..opq') removeBelow(files, folder);
    else if (name.startsWith('.wh.')) removeAll(files, posix.join(folder, name.slice('.wh.'.length)));
    else added.set(path, nodeOf(header, content, added));
  }
  for (const [path, node] of added) {
    if (node.header.type !== 'directory') removeAll(files, path);
    files.set(path, node);
  }
  return files;
}

function nodeOf(header: TarHeader, content: Uint8Array, added: ReadonlyMap<string, Node>): Node {
  if (header.type === 'link') {
    const target = added.get(posix.join('/', header.linkName));
    if (!target) throw new Error(`${header.name} is another name of ${header.linkName}, which the layer does not have`);
    return target;
  }
  const hash = header.type === 'file' ? createHash('sha256').update(content).digest('hex').slice(0, 16) : '';
  return { header, hash, file: {} };
}

function removeAll(files: Files, path: string): void {
  files.delete(path);
  removeBelow(files, path);
}

function removeBelow(files: Files, folder: string): void {
  for (const path of files.keys()) if (path.startsWith(`${folder}/`)) files.delete(path);
}

/** What is older than a day has its time from a source; the rest was made by the build. */
const OLD_SECONDS = Date.now() / 1000 - 86_400;

function describe(files: Files): ReadonlyMap<string, string> {
  const names = new Map<object, string[]>();
  for (const [path, { file }] of files) names.set(file, [...(names.get(file) ?? []), path].sort());
  const lines = [...files].map(([path, node]) => [path, describeNode(node, names.get(node.file) ?? [])] as const);
  return new Map(lines.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function describeNode({ header, hash }: Node, names: readonly string[]): string {
  const { type, mode, uid, gid, size, mtime, linkName, deviceMajor, deviceMinor, xattrs } = header;
  const parts = [type, type === 'symlink' ? '' : mode.toString(8), `${uid}:${gid}`];
  if (type === 'file') parts.push(`${size} ${hash}`);
  if (type === 'symlink') parts.push(`-> ${linkName}`);
  if (type === 'character' || type === 'block') parts.push(`device ${deviceMajor},${deviceMinor}`);
  if (names.length > 1) parts.push(`= ${names.join(' ')}`);
  for (const [name, value] of Object.entries(xattrs).sort(byName))
    parts.push(`${name}=${Buffer.from(value).toString('hex')}`);
  if (type !== 'directory' && mtime < OLD_SECONDS) parts.push(`at ${Math.floor(mtime)}`);
  return parts.filter(Boolean).join(' ');
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** Lines of what differs between two trees: `path what`, and `- path` for what is gone. */
export function addedTo(base: ReadonlyMap<string, string>, tree: ReadonlyMap<string, string>): readonly string[] {
  const gone = [...base.keys()].filter((path) => !tree.has(path)).map((path) => `- ${path}`);
  const added = [...tree].filter(([path, what]) => base.get(path) !== what).map(([path, what]) => `${path} ${what}`);
  return [...added, ...gone];
}
