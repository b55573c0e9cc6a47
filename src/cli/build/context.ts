import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { parseIgnoreFile } from '../../build/ignore/ignore-file.ts';
import { createIgnoreMatcher } from '../../build/ignore/matcher.ts';
import { KnownError } from '../../lib/errors.ts';
import { packTree } from '../../lib/tar/pack.ts';
import { tarEnd, tarHeader, tarPadding } from '../../lib/tar/writer.ts';
import { readAttributes } from '../../linux/build/attributes.host.ts';

/** What is sent to POST /build: an archive, and the Dockerfile's name in it. */
export interface SentContext {
  readonly archive: AsyncIterable<Uint8Array>;
  readonly dockerfile: string;
}

/** Name in the archive of a Dockerfile that lies outside the context, or came by standard input. */
const ADDED = '.dockerfile.skiff';

const TAR_MAGIC_AT = 257;
const COMPRESSED = ['1f8b', '425a68', 'fd377a58', '28b52ffd'];

/**
 * The context of `docker build PATH`: everything below the folder that its `.dockerignore` (or `<Dockerfile>.dockerignore`) leaves in, owned by
 * root, plus the Dockerfile. `file` is the value of -f: relative to where the user is, `-` is `stdin`.
 * Errors: not_found for a missing folder or Dockerfile, invalid_parameter for malformed patterns.
 */
export function folderContext(folder: string, file: string, stdin: Buffer | undefined): SentContext {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new KnownError('not_found', `unable to prepare context: path "${folder}" not found`);
  const root = resolve(folder);
  const path = file === '' ? join(root, 'Dockerfile') : resolve(file);
  const inside = relative(root, path);
  const isInside = file !== '-' && !inside.startsWith('..') && !isAbsolute(inside);
  const added = stdin ?? (isInside ? undefined : readDockerfile(path));
  if (added === undefined && !existsSync(path)) throw noDockerfile(path);
  const keep = [...(isInside ? [inside] : []), '.dockerignore'];
  return { archive: pack(root, ignorePatterns(root, path, keep), added), dockerfile: added ? ADDED : inside };
}

/** `docker build -`: an archive is sent as it is, anything else is a Dockerfile without a context. */
export function stdinContext(bytes: Buffer, file: string): SentContext {
  if (isArchive(bytes)) return { archive: once(bytes), dockerfile: file || 'Dockerfile' };
  if (bytes.length === 0) throw new KnownError('invalid_parameter', 'Dockerfile is empty');
  return { archive: once(Buffer.concat([...fileEntry('Dockerfile', bytes), tarEnd()])), dockerfile: 'Dockerfile' };
}

/** A folder that its own `.dockerignore` has been applied to, as an archive owned by root: a context besides the main one. */
export function packFolder(folder: string): AsyncIterable<Uint8Array> {
  const root = resolve(folder);
  const path = join(root, '.dockerignore');
  return pack(root, existsSync(path) ? parseIgnoreFile(readFileSync(path, 'utf8')) : [], undefined);
}

function readDockerfile(path: string): Buffer {
  if (!existsSync(path)) throw noDockerfile(path);
  return readFileSync(path);
}

/** Errors of a Dockerfile that is not there. */
export function noDockerfile(path: string): KnownError {
  return new KnownError(
    'not_found',
    `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
  );
}

/** What the daemon must see is never ignored. */
function ignorePatterns(root: string, dockerfile: string, keep: readonly string[]): readonly string[] {
  const path = ignoreFile(root, dockerfile);
  if (path === undefined) return [];
  return [...parseIgnoreFile(readFileSync(path, 'utf8')), ...keep.map((name) => `!${name}`)];
}

/** The ignore file of a context: one named after the Dockerfile and beside it wins. Undefined when there is none. */
export function ignoreFile(root: string, dockerfile: string): string | undefined {
  return [`${dockerfile}.dockerignore`, join(root, '.dockerignore')].find((candidate) => existsSync(candidate));
}

async function* pack(
  root: string,
  patterns: readonly string[],
  added: Buffer | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const ignore = createIgnoreMatcher(patterns);
  const chunks = packTree(
    { path: root, name: '' },
    {
      xattrsOf: (path) => readAttributes(path),
      map(path, entry) {
        const name = relative(root, path);
        const ignored = name !== '' && ignore.matches(name);
        // Below an ignored folder something may be wanted: then the folder is walked.
        if (ignored && !(entry.type === 'directory' && ignore.hasExceptions)) return undefined;
        return { ...entry, uid: 0, gid: 0 };
      },
    },
  );
  if (added) for (const bytes of fileEntry(ADDED, added)) yield Uint8Array.from(bytes);
  yield* chunks;
}

function fileEntry(name: string, content: Buffer): readonly Uint8Array[] {
  const entry = { name, type: 'file', mode: 0o600, uid: 0, gid: 0, mtime: 0, size: content.length } as const;
  return [tarHeader(entry), content, tarPadding(content.length)];
}

/** By its first bytes. */
export function isArchive(bytes: Buffer): boolean {
  return (
    bytes.toString('latin1', TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === 'ustar' ||
    COMPRESSED.some((magic) => bytes.toString('hex', 0, magic.length / 2) === magic)
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Whether a name that follows `docker build` is meant as an address. */
export function isRemote(name: string): boolean {
  return (
    /^(https?|git|ssh):\/\/|^git@|^github\.com\//.test(name) && lstatSync(name, { throwIfNoEntry: false }) === undefined
  );
}
