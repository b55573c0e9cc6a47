import { posix } from 'node:path';
import { parseIgnoreFile } from '../../build/ignore/ignore-file.ts';
import { createIgnoreMatcher } from '../../build/ignore/matcher.ts';
import { isGit } from '../../build/plan/apply-copy.ts';
import { clean } from '../../build/plan/paths.ts';
import type { BuildPlan } from '../../build/plan/plan.ts';
import { KnownError } from '../../lib/errors.ts';
import type { BuildFolder } from '../../linux/build/build-folders.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import { type ContextFiles, filesInFolder, filesInPack } from './context-files.ts';
import type { BuildDeps } from './deps.ts';
import { parseGitSource } from './git-source.ts';
import { neededFiles } from './needed-files.ts';
import { fileName } from './prepare-remotes.ts';
import type { Material } from './provenance.ts';
import type { BuildRequest, ClientFiles, FileContent } from './service.ts';
import { createTree, followPath } from './tree.ts';

export interface BuildContext extends ContextFiles {
  /** The Dockerfile's text. */
  readonly dockerfile: string;
  /** What the ignore file has taken out; none where there is no such file. */
  readonly ignorePatterns: readonly string[];
  /** Where it was fetched from; undefined: the client sent it. */
  readonly origin: Material | undefined;
  /** Brings the contents of files that the plan takes; before that `tree` lacks their hashes. Undefined: they are here. */
  readonly bring?: (plan: BuildPlan, signal: AbortSignal) => Promise<void>;
}

/** Brings the context into the build's folder and reads the Dockerfile. Errors: invalid_parameter; those of RemoteSources. */
export async function openContext(
  deps: BuildDeps,
  request: BuildRequest,
  build: BuildFolder,
  signal: AbortSignal,
): Promise<BuildContext> {
  const { source } = request;
  if (source.kind === 'files') return fromFiles(deps, build, source.files);
  if (source.kind === 'tar') return await fromTar(deps, request, build, source.archive, signal);
  if (isGit(source.url)) return await fromGit(deps, request, build, source.url, signal);
  return await fromUrl(deps, request, build, source.url, signal);
}

async function fromTar(
  deps: BuildDeps,
  request: BuildRequest,
  build: BuildFolder,
  packed: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<BuildContext> {
  const pack = posix.join(build.make('sent'), 'pack');
  const entries = await deps.files.scanContext(pack, deps.decompressor.decompress(packed, { signal }), signal);
  const read: Read = async (entry) =>
    await deps.files.readText({ kind: 'pack', path: pack, entries: [entry] }, entry.path, MAX_TEXT_BYTES, signal);
  const dockerfile = await dockerfileIn(entries, request.dockerfile, read);
  // what is fetched from elsewhere is taken as it is, also what an ignore file in it names
  const ignorePatterns =
    request.source.kind === 'remote' ? [] : await readIgnoreFile(entries, request.dockerfile, read);
  const tree = createTree(withoutIgnored(entries, ignorePatterns));
  const files = filesInPack(deps.files, build, { name: 'context', pack: () => pack, tree: () => tree });
  return { ...files, dockerfile, ignorePatterns, origin: undefined };
}

function fromFiles(deps: BuildDeps, build: BuildFolder, client: ClientFiles): BuildContext {
  let tree = createTree(client.entries);
  const brought = new Map<string, FileContent | undefined>();
  const files = filesInPack(deps.files, build, { name: 'context', pack: () => client.pack(), tree: () => tree });
  return {
    dockerfile: client.dockerfile,
    ignorePatterns: client.ignorePatterns,
    origin: undefined,
    view: (entries) => files.view(entries),
    mountable: async (path, signal) => await files.mountable(path, signal),
    get tree() {
      return tree;
    },
    async bring(plan, signal) {
      const needed = neededFiles(plan, tree, client.entries).filter((path) => !brought.has(path));
      const contents = await client.bring(needed, signal);
      for (const path of needed) brought.set(path, contents.get(path));
      tree = createTree(withContents(client.entries, brought));
    },
  };
}

/** Files that were asked for and are gone are not part of the context. */
function withContents(
  entries: readonly TreeEntry[],
  brought: ReadonlyMap<string, FileContent | undefined>,
): readonly TreeEntry[] {
  return entries.flatMap((entry) => {
    const path = entry.sameAs || entry.path;
    const content = brought.get(path);
    if (content) return { ...entry, ...content };
    return brought.has(path) ? [] : entry;
  });
}

/** As BuildKit has it, a Dockerfile may be written small. */
function dockerfileNames(path: string): readonly string[] {
  return path === 'Dockerfile' ? [path, 'dockerfile'] : [path];
}

/** The ignore file beside the Dockerfile wins. */
function ignoreNames(dockerfile: string): readonly string[] {
  return [`${dockerfile}.dockerignore`, '.dockerignore'];
}

async function fromGit(
  deps: BuildDeps,
  request: BuildRequest,
  build: BuildFolder,
  url: string,
  signal: AbortSignal,
): Promise<BuildContext> {
  const keep = request.buildArgs['BUILDKIT_CONTEXT_KEEP_GIT_DIR'] === '1';
  const { path: folder, commit } = await deps.remotes.clone(parseGitSource(url, keep), build.make('context'), {
    signal,
  });
  const entries = await deps.files.index({ kind: 'folder', path: folder }, ['/'], { hash: true }, signal);
  const dockerfile = await dockerfileIn(
    entries,
    request.dockerfile,
    async ({ path }) => await deps.files.readText({ kind: 'folder', path: folder }, path, MAX_TEXT_BYTES, signal),
  );
  const origin = { uri: url, digest: { sha1: commit } };
  return { ...filesInFolder(folder, createTree(entries)), dockerfile, ignorePatterns: [], origin };
}

/** A tar of any kind is a context; anything else is taken for a Dockerfile with nothing around it. */
async function fromUrl(
  deps: BuildDeps,
  request: BuildRequest,
  build: BuildFolder,
  url: string,
  signal: AbortSignal,
): Promise<BuildContext> {
  if (!/^https?:\/\//.test(url))
    throw new KnownError('invalid_parameter', `the context ${url} is neither a URL nor a git repository`);
  const place = build.make('fetched');
  const name = fileName(url);
  const { entry } = await deps.remotes.fetch(url, place, { signal, name, checksum: '', authorization: undefined });
  const path = posix.join(place, name);
  const archive = await deps.openArchive(path, { signal });
  const origin = { uri: url, digest: { sha256: entry.hash } };
  if (archive) return { ...(await fromTar(deps, request, build, archive, signal)), origin };
  const dockerfile = await deps.files.readText({ kind: 'folder', path: place }, `/${name}`, MAX_TEXT_BYTES, signal);
  return { ...filesInFolder(build.make('context'), createTree([])), dockerfile, ignorePatterns: [], origin };
}

const MAX_TEXT_BYTES = 8 * 1024 * 1024;

type Read = (entry: TreeEntry) => Promise<string>;

/** Errors: invalid_parameter when it is not there. */
async function dockerfileIn(entries: readonly TreeEntry[], path: string, read: Read): Promise<string> {
  const tree = createTree(entries);
  for (const name of dockerfileNames(path)) {
    const real = followPath(tree, clean(name));
    const entry = real === undefined ? undefined : tree.get(real);
    if (entry?.type === 'file') return await read(entry);
  }
  throw new KnownError('invalid_parameter', `Cannot locate specified Dockerfile: ${path}`);
}

/** Patterns of the ignore file; none where there is no such file. */
async function readIgnoreFile(
  entries: readonly TreeEntry[],
  dockerfile: string,
  read: Read,
): Promise<readonly string[]> {
  const files = new Map(entries.flatMap((entry) => (entry.type === 'file' ? [[entry.path, entry]] : [])));
  const own = ignoreNames(dockerfile)
    .flatMap((name) => files.get(clean(name)) ?? [])
    .at(0);
  return own === undefined ? [] : parseIgnoreFile(await read(own));
}

/** Without what the ignore file takes out. Clients have left most of it out already, but always send that file and the Dockerfile. */
function withoutIgnored(entries: readonly TreeEntry[], patterns: readonly string[]): readonly TreeEntry[] {
  if (patterns.length === 0) return entries;
  const matcher = createIgnoreMatcher(patterns);
  // a folder that is taken out stays when something in it is wanted
  const wanted = new Set(['/']);
  for (const { path } of entries)
    if (path !== '/' && !matcher.matches(path.slice(1)))
      for (let at = path; !wanted.has(at); at = posix.dirname(at)) wanted.add(at);
  return wanted.size === entries.length ? entries : entries.filter(({ path }) => wanted.has(path));
}
