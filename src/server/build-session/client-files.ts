import { bytesOf, type Channel, type SessionConnection } from '../../api/build-session/connection.ts';
import { createFileReader } from '../../api/build-session/file-stream.ts';
import { malformed } from '../../api/build-session/frame.ts';
import type { ListedFile } from '../../api/build-session/messages.ts';
import type { ClientFiles, FileContent } from '../../engine/build/service.ts';
import { KnownError } from '../../lib/errors.ts';
import type { KeptContext, KeptFile } from '../../linux/build/kept-contexts.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import { isAttributesText } from '../../oci/kept-attributes.ts';

const MAX_ENTRIES = 2_000_000;
const MAX_LIST_BYTES = 256 * 1024 * 1024;
const MAX_PATH_BYTES = 4096;
/** Of all files together. */
const MAX_ATTRIBUTE_BYTES = 64 * 1024 * 1024;
/** Attributes of a folder are at most 64 KiB on Linux, twice as many in hexadecimal. */
const MAX_LINE_BYTES = 256 * 1024;

/** What may still come. */
interface Budget {
  attributeBytes: number;
}

/**
 * A folder of the client: its list now, contents when they are asked for, those that are kept already not at all. `kept` is disposed with the last
 * hold. Errors: invalid_parameter for a list that is none, and those of the client.
 */
export async function openClientFiles(
  connection: SessionConnection,
  kept: KeptContext,
  told: Pick<ClientFiles, 'dockerfile' | 'ignorePatterns'>,
  signal: AbortSignal,
): Promise<ClientFiles> {
  const budget = { attributeBytes: MAX_ATTRIBUTE_BYTES };
  const list = await readList(connection.open({ kind: 'list' }), budget, signal);
  let holds = 0;
  const positions = new Map(list.map((listed, position) => [`/${listed[0]}`, position]));
  const here = new Map<string, KeptFile>();
  kept.keepOnly(new Set(list.flatMap(([path, kind]) => (kind === 'f' ? [`/${path}`] : []))));

  const fetch = async (wanted: readonly string[], until: AbortSignal): Promise<void> => {
    const channel = connection.open({ kind: 'files' });
    using _ = resetOn(until, channel);
    const ask = async (): Promise<void> => {
      const lines = wanted.map((path) => `${positions.get(path)}\n`).join('');
      await channel.write(Buffer.from(lines));
      await channel.end();
    };
    const take = async (): Promise<void> => {
      const reader = createFileReader(channel);
      for (const path of wanted) {
        const file = await reader.next();
        const listed = list[positions.get(path) ?? -1];
        if (file === undefined || listed === undefined) continue;
        checkAttributes(file.attributes, budget);
        here.set(path, await kept.add(path, stampOf(listed), file));
      }
    };
    try {
      await Promise.all([ask(), take()]);
    } catch (error) {
      channel.reset(error);
      throw error;
    }
  };
  return {
    ...told,
    entries: [ROOT, ...list.map(toEntry)],
    async bring(paths, until) {
      const missing: string[] = [];
      for (const path of paths) {
        const listed = list[positions.get(path) ?? -1];
        const found = listed && (here.get(path) ?? kept.find(path, stampOf(listed)));
        if (found) here.set(path, found);
        else if (listed) missing.push(path);
      }
      if (missing.length > 0) await fetch(missing, until);
      return new Map<string, FileContent>(
        paths.flatMap((path) => {
          const found = here.get(path);
          if (!found) return [];
          const { hash, size, offset, xattrs } = found;
          return [[path, { hash, size, offset, xattrs }] as const];
        }),
      );
    },
    pack: () => kept.pack(),
    hold() {
      holds += 1;
      let held = true;
      return {
        [Symbol.dispose]() {
          if (held) holds -= 1;
          if (held && holds === 0) kept[Symbol.dispose]();
          held = false;
        },
      };
    },
  };
}

const ROOT: TreeEntry = {
  path: '/',
  type: 'directory',
  mode: 0o755,
  size: 0,
  link: '',
  hash: '',
  xattrs: '',
  sameAs: '',
  owner: '',
  mtime: 0,
  offset: 0,
};

function resetOn(signal: AbortSignal, channel: Channel): Disposable {
  const onAbort = (): void => channel.reset(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', onAbort) };
}

async function readList(channel: Channel, budget: Budget, signal: AbortSignal): Promise<readonly ListedFile[]> {
  using _ = resetOn(signal, channel);
  const list: ListedFile[] = [];
  const folders = new Set(['']);
  const seen = new Map<string, ListedFile[1]>();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let size = 0;
  const take = (line: string): void => {
    const listed = parseListed(line);
    const [path, kind, , , , more, attributes = ''] = listed;
    checkAttributes(attributes, budget);
    if (seen.has(path) || !folders.has(path.slice(0, Math.max(0, path.lastIndexOf('/')))))
      throw malformed(`a list with ${JSON.stringify(path.slice(0, 200))} out of order`);
    if (kind === 'h' && seen.get(more) !== 'f') throw malformed(`a hard link to nothing`);
    if (list.length >= MAX_ENTRIES) throw new KnownError('invalid_parameter', 'the build context has too many entries');
    if (kind === 'd') folders.add(path);
    seen.set(path, kind);
    list.push(listed);
  };
  for await (const bytes of bytesOf(channel)) {
    size += bytes.length;
    if (size > MAX_LIST_BYTES)
      throw new KnownError('invalid_parameter', `the build context has more than ${MAX_LIST_BYTES} bytes of names`);
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
    if (rest.length > MAX_LINE_BYTES) throw malformed('a line of a list that does not end');
  }
  if (rest !== '') throw malformed('a list that is cut off');
  await channel.end();
  return list;
}

function checkAttributes(text: string, budget: Budget): void {
  if (text === '') return;
  budget.attributeBytes -= text.length;
  if (budget.attributeBytes < 0)
    throw new KnownError(
      'invalid_parameter',
      `the build context has more than ${MAX_ATTRIBUTE_BYTES} bytes of extended attributes`,
    );
  if (!isAttributesText(text)) throw malformed('extended attributes that are none');
}

function parseListed(line: string): ListedFile {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw malformed('a list that is no JSON');
  }
  if (!Array.isArray(value) || value.length < 6 || value.length > 7) throw malformed('a list of something else');
  const [path, kind, mode, size, mtime, more, attributes = ''] = value as unknown[];
  const isNumber = (number: unknown, most: number): number is number =>
    typeof number === 'number' && number >= 0 && number <= most;
  if (
    !isPath(path) ||
    (kind !== 'f' && kind !== 'd' && kind !== 'l' && kind !== 'h') ||
    !isNumber(mode, 0o7777) ||
    !Number.isInteger(mode) ||
    !isNumber(size, Number.MAX_SAFE_INTEGER) ||
    !isNumber(mtime, 2 ** 40) ||
    typeof more !== 'string' ||
    more.length > MAX_PATH_BYTES ||
    more.includes('\0') ||
    typeof attributes !== 'string' ||
    (attributes !== '' && kind !== 'd')
  )
    throw malformed(`a list with ${line.slice(0, 200)}`);
  return [path, kind, mode, size, mtime, more, attributes];
}

/** Clean, relative, and below. */
function isPath(path: unknown): path is string {
  return (
    typeof path === 'string' &&
    Buffer.byteLength(path) <= MAX_PATH_BYTES &&
    !path.includes('\0') &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function stampOf([, , , size, , more]: ListedFile): string {
  return `${size} ${more}`;
}

function toEntry([path, kind, mode, size, mtime, more, xattrs = '']: ListedFile): TreeEntry {
  const entry = { ...ROOT, path: `/${path}`, mode, mtime };
  switch (kind) {
    case 'd':
      return { ...entry, type: 'directory', xattrs };
    case 'l':
      return { ...entry, type: 'symlink', mode: 0o777, link: more };
    case 'f':
      return { ...entry, type: 'file', size };
    case 'h':
      return { ...entry, type: 'file', size, sameAs: `/${more}` };
  }
}
