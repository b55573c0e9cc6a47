import { basename, dirname, posix } from 'node:path';
import { clean } from '../../build/plan/paths.ts';
import type { CopyStep } from '../../build/plan/plan.ts';
import { isKind, KnownError } from '../../lib/errors.ts';
import { tarEnd, tarHeader, tarPadding } from '../../lib/tar/writer.ts';
import type { Platform } from '../../oci/platform.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import { coalesce } from './coalesce.ts';
import { type BuildContext, type ContextEntry, readContext } from './context.ts';
import type { BuildDeps } from './deps.ts';
import { type Owner, resolveOwner } from './owner.ts';
import { findSources, placeFiles, type SelectedFile, type Source } from './select.ts';
import { keepChanges, type StageLayers, withContainer } from './stage-files.ts';

export interface CopyContext {
  readonly layers: StageLayers;
  readonly platform: Platform;
  /** The build context, or the layers of the stage or image that `--from` names. */
  readonly source:
    | { readonly kind: 'context'; readonly context: BuildContext }
    | { readonly kind: 'layers'; readonly layers: StageLayers };
}

/** Nothing runs in the containers of this step. */
const IDLE = { argv: ['-'], hostConfig: {} };

/** Puts files into the stage and keeps them as a layer. Errors: invalid_parameter for what is not there or cannot be placed. */
export async function copyStep(
  deps: BuildDeps,
  step: CopyStep,
  { layers, platform, source }: CopyContext,
  signal: AbortSignal,
): Promise<CachedLayer> {
  const found =
    source.kind === 'context'
      ? { context: source.context, sources: findSources(source.context.entries, step.paths, step.instruction) }
      : await withContainer(
          deps,
          { layers: source.layers, platform },
          IDLE,
          (id) => readFrom(deps, id, step, signal),
          signal,
        );
  return await withContainer(
    deps,
    { layers, platform },
    IDLE,
    async (id) => {
      await place(deps, id, step, found, signal);
      return await keepChanges(deps, id, layers, signal);
    },
    signal,
  );
}

interface Found {
  readonly context: BuildContext;
  readonly sources: readonly Source[];
}

/** Takes the named files out of another stage. */
async function readFrom(deps: BuildDeps, id: string, step: CopyStep, signal: AbortSignal): Promise<Found> {
  const entries = new Map<string, ContextEntry>();
  const owners = new Map<ContextEntry, BuildContext>();
  const sources: Source[] = [];
  for (const path of step.paths.map(clean)) {
    const wild = /[*?[]/.test(path);
    const real = await realPath(deps, id, wild ? aboveWildcard(path) : path, signal);
    if (real === undefined)
      throw new KnownError('invalid_parameter', `${step.instruction} failed: stat ${path}: file does not exist`);
    const { archive } = await deps.containerFiles.read(id, real, signal);
    const context = await readContext(deps.content, archive, signal);
    for (const [inside, entry] of context.entries) {
      entries.set(clean(posix.join(dirname(real), inside)), entry);
      owners.set(entry, context);
    }
    if (!wild) sources.push({ path: real, name: basename(path) });
  }
  const matched = step.paths.filter((path) => /[*?[]/.test(path));
  const context: BuildContext = {
    entries,
    read(entry) {
      const owner = owners.get(entry);
      if (owner === undefined) throw new KnownError('system', `${entry.header.name} is not of this step`);
      return owner.read(entry);
    },
  };
  return { context, sources: [...sources, ...findSources(entries, matched, step.instruction)] };
}

function aboveWildcard(path: string): string {
  return clean(path.slice(0, path.search(/[*?[]/)).replace(/[^/]*$/, ''));
}

const TYPE_MASK = 0o170000;
const FOLDER = 0o040000;
const LINK = 0o120000;

async function realPath(deps: BuildDeps, id: string, path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { mode, linkTarget } = await deps.containerFiles.stat(id, path, signal);
    return (mode & TYPE_MASK) === LINK ? linkTarget : path;
  } catch (error) {
    if (isKind(error, 'not_found')) return undefined;
    throw error;
  }
}

async function isFolder(deps: BuildDeps, id: string, path: string, signal: AbortSignal): Promise<boolean> {
  const real = await realPath(deps, id, path, signal);
  if (real === undefined) return false;
  try {
    const { mode } = await deps.containerFiles.stat(id, real, signal);
    return (mode & TYPE_MASK) === FOLDER;
  } catch (error) {
    if (isKind(error, 'not_found')) return false;
    throw error;
  }
}

async function place(
  deps: BuildDeps,
  id: string,
  step: CopyStep,
  { context, sources }: Found,
  signal: AbortSignal,
): Promise<void> {
  const { destination, instruction } = step;
  if (sources.length + step.files.length > 1 && !destination.endsWith('/'))
    throw new KnownError(
      'invalid_parameter',
      `When using ${instruction} with more than one source file, the destination must be a directory and end with a /`,
    );
  const there = await isFolder(deps, id, clean(destination), signal);
  const intoFolder = destination.endsWith('/') || there;
  const files = placeFiles(context.entries, sources, destination, intoFolder);
  const owner =
    step.chown === '' ? undefined : await resolveOwner(step.chown, (path) => readFile(deps, id, path, signal));
  const archives = instruction === 'ADD' ? await archivesAmong(context, files) : [];
  const takesFolder = intoFolder || archives.length > 0 || files.every((file) => !file.named);
  const settings = {
    step,
    owner,
    makeDestination: takesFolder && !there && step.files.length + files.length > 0,
    nowSeconds: Math.floor(deps.now() / 1000),
  };
  const plain = files.filter((file) => !archives.includes(file));
  await write(deps, id, '/', coalesce(archiveOf(context, plain, settings, intoFolder)), signal);
  for (const file of archives) await write(deps, id, clean(destination), context.read(file.entry), signal);
}

async function write(
  deps: BuildDeps,
  id: string,
  path: string,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await deps.containerFiles.write(id, { path, archive, noOverwriteDirNonDir: true, copyUidGid: false }, signal);
}

async function readFile(deps: BuildDeps, id: string, path: string, signal: AbortSignal): Promise<string | undefined> {
  const real = await realPath(deps, id, path, signal);
  if (real === undefined) return undefined;
  const { archive } = await deps.containerFiles.read(id, real, signal);
  const file = await readContext(deps.content, archive, signal);
  const [entry] = file.entries.values();
  if (entry === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of file.read(entry)) pieces.push(piece.slice());
  return Buffer.concat(pieces).toString('utf8');
}

const USTAR_AT = 257;
const COMPRESSED = ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'];

/** Files that ADD unpacks: named ones that are a tar, plain or compressed. */
async function archivesAmong(context: BuildContext, files: readonly SelectedFile[]): Promise<readonly SelectedFile[]> {
  const found: SelectedFile[] = [];
  for (const file of files) {
    if (!file.named || file.entry.header.type !== 'file') continue;
    const start = await firstBytes(context, file, USTAR_AT + 5);
    const hex = start.subarray(0, 6).toString('hex');
    const tar = start.subarray(USTAR_AT).toString('latin1') === 'ustar';
    if (tar || COMPRESSED.some((magic) => hex.startsWith(magic))) found.push(file);
  }
  return found;
}

async function firstBytes(context: BuildContext, { entry }: SelectedFile, count: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of context.read(entry)) {
    pieces.push(piece.slice(0, count));
    length += piece.length;
    if (length >= count) break;
  }
  return Buffer.concat(pieces).subarray(0, count);
}

interface Placing {
  readonly step: CopyStep;
  /** Undefined: the files' own. */
  readonly owner: Owner | undefined;
  /** The destination is a folder that is not there yet. */
  readonly makeDestination: boolean;
  readonly nowSeconds: number;
}

async function* archiveOf(
  context: BuildContext,
  files: readonly SelectedFile[],
  { step, owner, makeDestination, nowSeconds }: Placing,
  intoFolder: boolean,
): AsyncGenerator<Uint8Array> {
  const mode = step.chmod === '' ? undefined : Number.parseInt(step.chmod, 8);
  const whose = owner ?? {};
  const destination = clean(step.destination);
  if (makeDestination && destination !== '/')
    yield tarHeader({
      name: `${destination.slice(1)}/`,
      type: 'directory',
      mode: mode ?? 0o755,
      mtime: nowSeconds,
      uid: 0,
      gid: 0,
      ...whose,
    });
  for (const { target, entry } of files.toSorted((a, b) => (a.target < b.target ? -1 : 1))) {
    const { header } = entry;
    const fixed = mode === undefined || header.type === 'symlink' ? {} : { mode };
    yield tarHeader({ ...header, name: target.slice(1), ...whose, ...fixed });
    if (header.type !== 'file') continue;
    yield* context.read(entry);
    yield tarPadding(header.size);
  }
  for (const { name, content } of step.files) {
    const bytes = Buffer.from(content);
    const target = intoFolder ? posix.join(destination, name) : destination;
    yield tarHeader({
      name: target.slice(1),
      type: 'file',
      mode: mode ?? 0o644,
      size: bytes.length,
      mtime: nowSeconds,
      ...whose,
    });
    yield bytes;
    yield tarPadding(bytes.length);
  }
  yield tarEnd();
}

/** WORKDIR: makes the folders that are missing, owned by the user that is in force. */
export async function directoryStep(
  deps: BuildDeps,
  { path, user }: { readonly path: string; readonly user: string },
  { layers, platform }: Pick<CopyContext, 'layers' | 'platform'>,
  signal: AbortSignal,
): Promise<CachedLayer> {
  return await withContainer(
    deps,
    { layers, platform },
    IDLE,
    async (id) => {
      const owner = user === '' ? undefined : await resolveOwner(user, (file) => readFile(deps, id, file, signal));
      const missing: string[] = [];
      for (let at = path; at !== '/' && !(await isFolder(deps, id, at, signal)); at = dirname(at)) missing.unshift(at);
      if (missing.length > 0) await write(deps, id, '/', foldersArchive(missing, owner, deps.now()), signal);
      return await keepChanges(deps, id, layers, signal);
    },
    signal,
  );
}

async function* foldersArchive(
  paths: readonly string[],
  owner: Owner | undefined,
  nowMs: number,
): AsyncGenerator<Uint8Array> {
  const mtime = Math.floor(nowMs / 1000);
  for (const path of paths)
    yield tarHeader({ name: `${path.slice(1)}/`, type: 'directory', mode: 0o755, mtime, ...owner });
  yield tarEnd();
}
