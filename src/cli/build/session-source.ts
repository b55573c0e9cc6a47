import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, resolve } from 'node:path';
import type { AskedSource, ListedFile } from '../../api/build-session/messages.ts';
import { parseIgnoreFile } from '../../build/ignore/ignore-file.ts';
import { KnownError } from '../../lib/errors.ts';
import { ignoreFile, isArchive, isRemote } from './context.ts';
import { listContext } from './context-list.ts';
import { dockerfilePath } from './local-dockerfile.ts';
import { peek, readAll } from './read-all.ts';

/** The context of a build, as our own wire has it. */
export interface SessionSource {
  readonly asked: AskedSource;
  /** Of the Dockerfile in a context that the client does not look into. */
  readonly dockerfile: string;
  /** The Dockerfile, where the client has it. */
  readonly text: string | undefined;
  /** As it is shown. */
  readonly fileName: string;
  readonly folder: { readonly root: string; readonly list: readonly ListedFile[] } | undefined;
  readonly archive: AsyncIterable<Uint8Array> | undefined;
  /** Bytes of the ignore file; undefined: there is none. */
  readonly ignoreBytes: number | undefined;
}

const HEAD_BYTES = 512;

/** `docker build [-f file] place`. Errors: not_found, invalid_parameter. */
export async function openSource(
  place: string,
  file: string,
  stdin: AsyncIterable<Uint8Array>,
): Promise<SessionSource> {
  const nothing = { folder: undefined, archive: undefined, ignoreBytes: undefined, text: undefined };
  if (place === '-' && file === '-')
    throw new KnownError(
      'invalid_parameter',
      'invalid argument: can not use stdin for both build context and dockerfile',
    );
  if (place === '-') {
    const { head, all } = await peek(stdin, HEAD_BYTES);
    const name = file || 'Dockerfile';
    if (isArchive(head))
      return { ...nothing, asked: { kind: 'tar' }, dockerfile: name, fileName: basename(name), archive: all };
    const text = (await readAll(all)).toString('utf8');
    if (text === '') throw new KnownError('invalid_parameter', 'Dockerfile is empty');
    const folder = { root: '', list: [] };
    return {
      ...nothing,
      asked: { kind: 'files', key: '', text, ignore: [] },
      dockerfile: name,
      text,
      fileName: name,
      folder,
    };
  }
  if (isRemote(place)) {
    const dockerfile = file || 'Dockerfile';
    return { ...nothing, asked: { kind: 'remote', url: place }, dockerfile, fileName: basename(dockerfile) };
  }
  return await folderSource(place, file, stdin);
}

async function folderSource(place: string, file: string, stdin: AsyncIterable<Uint8Array>): Promise<SessionSource> {
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new KnownError('not_found', `unable to prepare context: path "${place}" not found`);
  const root = realpathSync(place);
  const path = file === '-' ? undefined : dockerfilePath(place, file);
  const text = path === undefined ? (await readAll(stdin)).toString('utf8') : readFileSync(path, 'utf8');
  if (path === undefined && text === '') throw new KnownError('invalid_parameter', 'Dockerfile is empty');
  const ignorePath = ignoreFile(root, path ?? resolve(root, 'Dockerfile'));
  const ignoreText = ignorePath === undefined ? undefined : readFileSync(ignorePath, 'utf8');
  const ignore = ignoreText === undefined ? [] : parseIgnoreFile(ignoreText);
  const fileName = path === undefined ? 'Dockerfile' : basename(path);
  return {
    asked: { kind: 'files', key: keyOf(root, ignorePath), text, ignore },
    dockerfile: fileName,
    text,
    fileName,
    folder: { root, list: listContext(root, ignore) },
    archive: undefined,
    ignoreBytes: ignoreText === undefined ? undefined : Buffer.byteLength(ignoreText),
  };
}

/** Names the folder on this machine, for this user; nobody else can tell from it what they are called. */
function keyOf(root: string, ignorePath: string | undefined): string {
  const parts = [hostname(), machineId(), process.getuid?.() ?? 0, root, ignorePath ?? ''];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function machineId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8');
  } catch {
    return '';
  }
}
