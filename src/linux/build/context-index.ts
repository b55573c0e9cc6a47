import { posix } from 'node:path';
import { KnownError } from '../../lib/errors.ts';
import type { TarHeader } from '../../lib/tar/header.ts';
import { attributesText } from '../../oci/kept-attributes.ts';
import type { TreeEntry } from './tree-entry.ts';

export const MAX_ENTRIES = 2_000_000;
const MAX_PATH_BYTES = 4096;
/** Names, link targets and attributes of all entries together: what the index holds in memory. */
const MAX_INDEX_BYTES = 256 * 1024 * 1024;
/** As many links as the kernel follows, path_resolution(7). */
const MAX_LINKS = 40;

/** What the entries of an archive make of an empty folder: only found out, nothing is made. Pure. */
export interface ContextIndex {
  /**
   * Takes an entry in; the content of a file is told by {@link setContent} later. Owners are dropped, names through links are followed inside,
   * what was there before under this name goes. Errors: invalid_parameter for devices, malformed names, names below a file, hard links to
   * nothing or to folders, and too much of all.
   */
  add(header: TarHeader): void;
  /** Of the last file. */
  setContent(content: Pick<TreeEntry, 'size' | 'hash' | 'offset'>): void;
  /** Everything, folders before what is in them; `/` is the first. */
  entries(): Generator<TreeEntry>;
}

/** Names of one file share it. */
interface Facts {
  type: 'file' | 'directory' | 'symlink';
  mode: number;
  mtime: number;
  xattrs: string;
  link: string;
  size: number;
  hash: string;
  offset: number;
  /** More than one name has been given to it. */
  linked: boolean;
}

interface Node {
  readonly facts: Facts;
  /** Of a folder. */
  readonly children: Map<string, Node> | undefined;
  /** Characters of its path. */
  readonly length: number;
}

/** `nowSeconds`: the time of folders that the archive has no entries for. */
export function createContextIndex({ nowSeconds }: { readonly nowSeconds: number }): ContextIndex {
  const root: Node = { facts: folderFacts(0o755, nowSeconds, ''), children: new Map(), length: 0 };
  let [count, indexBytes] = [1, 0];
  let last: Facts | undefined;

  const measure = (bytes: number): void => {
    indexBytes += bytes;
    if (indexBytes > MAX_INDEX_BYTES)
      throw invalid(`the build context has more than ${MAX_INDEX_BYTES} bytes of names`);
  };
  const put = (parent: Node, name: string, facts: Facts): Node => {
    const length = parent.length + 1 + name.length;
    // links among the folders make paths that no header has
    if (length > MAX_PATH_BYTES) throw invalid(`a path in the build context is too long: ${name.slice(0, 200)}`);
    measure(length);
    if (++count > MAX_ENTRIES) throw invalid('the build context has too many entries');
    const made = { facts, children: facts.type === 'directory' ? new Map<string, Node>() : undefined, length };
    parent.children?.delete(name); // so that it comes last
    parent.children?.set(name, made);
    return made;
  };
  const makeFolder = (parent: Node, name: string): Node => put(parent, name, folderFacts(0o755, nowSeconds, ''));
  const linked = (header: TarHeader): Facts => {
    const target = cleanName(header.linkName);
    const found = target === '/' ? root : folderAt(root, posix.dirname(target))?.children?.get(posix.basename(target));
    if (found === undefined) throw invalid(`the build context links ${header.name} to nothing: ${header.linkName}`);
    if (found.children) throw invalid(`the build context links ${header.name} to a folder: ${header.linkName}`);
    found.facts.linked = true;
    return found.facts;
  };
  const addFolder = (parent: Node, name: string, facts: Facts): void => {
    const there = parent.children?.get(name);
    if (there?.children) Object.assign(there.facts, facts);
    else put(parent, name, facts);
  };

  return {
    add(header) {
      last = undefined;
      const { mode, mtime } = header;
      measure(header.linkName.length);
      for (const [key, { length }] of Object.entries(header.xattrs)) measure(key.length + length);
      const path = cleanName(header.name);
      if (path === '/') {
        if (header.type === 'directory') root.facts.mtime = mtime;
        return;
      }
      const parent = folderAt(root, posix.dirname(path), makeFolder);
      if (parent === undefined) throw invalid(`${path} leads nowhere`);
      const name = posix.basename(path);
      const xattrs = attributesText(header.xattrs);
      switch (header.type) {
        case 'directory':
          return addFolder(parent, name, folderFacts(mode, mtime, xattrs));
        case 'file':
          last = { ...EMPTY, type: 'file', mode, mtime, xattrs };
          return void put(parent, name, last);
        case 'symlink':
          return void put(parent, name, { ...EMPTY, type: 'symlink', mode: 0o777, mtime, link: header.linkName });
        case 'link':
          return void put(parent, name, linked(header));
        default:
          throw invalid(`the build context holds a device or pipe: ${header.name}`);
      }
    },
    setContent(content) {
      if (last) Object.assign(last, content);
      last = undefined;
    },
    entries: () => list(root),
  };
}

const EMPTY = { mode: 0, mtime: 0, xattrs: '', link: '', size: 0, hash: '', offset: 0, linked: false };

function folderFacts(mode: number, mtime: number, xattrs: string): Facts {
  return { ...EMPTY, type: 'directory', mode, mtime, xattrs };
}

/**
 * The folder that a path leads to, links followed. `make`: of a folder that is missing, but for where links lead. Undefined: something is missing. Errors:
 * invalid_parameter where something is no folder.
 */
function folderAt(root: Node, path: string, make?: (parent: Node, name: string) => Node): Node | undefined {
  const way = [root];
  const todo = partsOf(path).toReversed();
  let links = 0;
  /** How many of `todo` links have brought. */
  let ofLinks = 0;
  for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
    const isOfLink = ofLinks > 0;
    if (isOfLink) ofLinks--;
    if (part === '..') {
      if (way.length > 1) way.pop();
      continue;
    }
    const at = way.at(-1) ?? root;
    const next = at.children?.get(part) ?? (isOfLink ? undefined : make?.(at, part));
    if (next === undefined) return undefined;
    if (next.children) {
      way.push(next);
      continue;
    }
    if (next.facts.type !== 'symlink' || ++links > MAX_LINKS)
      throw invalid(`${path} leads through something that is no folder`);
    const parts = partsOf(next.facts.link);
    if (next.facts.link.startsWith('/')) way.length = 1;
    ofLinks += parts.length;
    todo.push(...parts.toReversed());
  }
  return way.at(-1);
}

function partsOf(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function* list(root: Node): Generator<TreeEntry> {
  const first = new Map<Facts, string>();
  const toEntry = (path: string, facts: Facts): TreeEntry => {
    const { type, mode, mtime, xattrs, link, size, hash, offset } = facts;
    let sameAs = '';
    if (facts.linked) {
      sameAs = first.get(facts) ?? '';
      if (sameAs === '') first.set(facts, path);
    }
    return { path, type, mode, size, link, hash, xattrs, sameAs, owner: '', mtime, offset };
  };
  yield toEntry('/', root.facts);
  const todo = [{ path: '', left: childrenOf(root) }];
  for (let top = todo.at(-1); top !== undefined; top = todo.at(-1)) {
    const next = top.left.next();
    if (next.done) {
      todo.pop();
      continue;
    }
    const [name, { facts, children }] = next.value;
    const path = `${top.path}/${name}`;
    yield toEntry(path, facts);
    if (children) todo.push({ path, left: children.entries() });
  }
}

function childrenOf({ children }: Node): MapIterator<[string, Node]> {
  return (children ?? new Map<string, Node>()).entries();
}

/** Absolute from the context's root, whatever `..` there is. Errors: invalid_parameter. */
function cleanName(name: string): string {
  if (name.includes('\0') || Buffer.byteLength(name) > MAX_PATH_BYTES)
    throw invalid(`malformed name in the build context: ${JSON.stringify(name.slice(0, 200))}`);
  const path = posix.normalize(`/${name}`);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
