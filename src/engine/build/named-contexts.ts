import { posix } from 'node:path';
import { isGit } from '../../build/plan/apply-copy.ts';
import type { FindNamedSource } from '../../build/plan/named-source.ts';
import type { BuildPlan } from '../../build/plan/plan.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { BuildFolder } from '../../linux/build/build-folders.ts';
import { formatPlatform } from '../../oci/platform.ts';
import { familiarReference, formatReference, parseReference } from '../../oci/reference.ts';
import type { Descriptor } from '../../store/content/content-store.ts';
import { type ContextFiles, filesInFolder, filesInPack } from './context-files.ts';
import type { BuildDeps } from './deps.ts';
import { sourcesOf } from './evaluate.ts';
import { parseGitSource } from './git-source.ts';
import { readOciLayout } from './oci-layout.ts';
import { fileName } from './prepare-remotes.ts';
import type { Material } from './provenance.ts';
import type { NamedContext, NamedContextSource } from './request.ts';
import { createTree } from './tree.ts';

/** Contexts besides the main one, by name. Files are asked for when a plan needs them, once for all platforms. */
export interface NamedContexts {
  readonly find: FindNamedSource;
  /** Images that contexts brought along, by the reference that `find` gives. */
  readonly images: ReadonlyMap<string, Descriptor>;
  /** Opens what a plan takes files from. Errors: those of the client, RemoteSources and archives. */
  prepare(plan: BuildPlan, signal: AbortSignal): Promise<void>;
  /** Errors: system for what was not prepared. */
  get(id: string): NamedFiles;
}

export interface NamedFiles extends ContextFiles {
  /** Where it was fetched from; undefined: the client sent it. */
  readonly origin: Material | undefined;
}

/** Reads OCI layouts at once. Errors: invalid_parameter for a malformed name or layout. Call it with a lease held. */
export async function createNamedContexts(
  deps: BuildDeps,
  contexts: readonly NamedContext[],
  folder: BuildFolder,
  signal: AbortSignal,
): Promise<NamedContexts> {
  const known = new Map<string, NamedContext & { readonly id: string }>();
  const images = new Map<string, Descriptor>();
  const layouts = new Map<string, string>();
  for (const [index, context] of contexts.entries()) {
    const name = nameOf(context.name);
    const key = context.platform ? `${name}::${formatPlatform(context.platform)}` : name;
    known.set(key, { ...context, id: `${index}` });
    if (context.source.kind !== 'oci-layout') continue;
    const target = await readOciLayout(deps, context.source, signal);
    const reference = formatReference({ ...parseReference(context.name), digest: target.digest });
    images.set(reference, target);
    layouts.set(`${index}`, reference);
  }
  const ready = new Map<string, NamedFiles>();
  return {
    images,
    find(name, platform) {
      if (known.size === 0) return undefined;
      const asked = nameIfValid(name);
      const context = known.get(`${asked}::${formatPlatform(platform)}`) ?? known.get(asked);
      if (context === undefined) return undefined;
      const { source, id } = context;
      if (source.kind === 'image') return { kind: 'image', reference: source.reference };
      const layout = layouts.get(id);
      return layout === undefined ? { kind: 'named', id } : { kind: 'image', reference: layout };
    },
    async prepare({ stages }, until) {
      for (const source of stages.flatMap(({ steps }) => steps.flatMap(sourcesOf))) {
        if (source.kind !== 'named' || ready.has(source.id)) continue;
        const context = contexts[Number(source.id)];
        if (context) ready.set(source.id, await openFiles(deps, context, folder, `n${source.id}`, until));
      }
    },
    get(id) {
      const files = ready.get(id);
      if (files === undefined) throw new KnownError('system', `context ${id} was not opened`);
      return files;
    },
  };
}

/** As BuildKit compares them: familiar, without the tag `latest`. */
function nameOf(name: string): string {
  try {
    return familiarReference(parseReference(name)).replace(/:latest$/, '');
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid context name ${name}: ${messageOf(error)}`);
  }
}

/** Names in Dockerfiles need not be those of images. */
function nameIfValid(name: string): string {
  try {
    return nameOf(name);
  } catch {
    return name;
  }
}

async function openFiles(
  deps: BuildDeps,
  { name, source }: NamedContext,
  build: BuildFolder,
  place: string,
  signal: AbortSignal,
): Promise<NamedFiles> {
  switch (source.kind) {
    case 'tar': {
      const packed = await source.open();
      return await openTar(deps, build, place, deps.decompressor.decompress(packed, { signal }), signal);
    }
    case 'remote':
      return await openRemote(deps, { name, url: source.url }, build, place, signal);
    case 'image':
    case 'oci-layout':
      throw new KnownError('system', `context ${name} is an image`);
  }
}

async function openTar(
  { files }: BuildDeps,
  build: BuildFolder,
  place: string,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<NamedFiles> {
  const pack = posix.join(build.make(`${place}-sent`), 'pack');
  const tree = createTree(await files.scanContext(pack, archive, signal));
  return { ...filesInPack(files, build, { name: place, pack: () => pack, tree: () => tree }), origin: undefined };
}

async function openRemote(
  deps: BuildDeps,
  { name, url }: { readonly name: string } & Pick<Extract<NamedContextSource, { readonly kind: 'remote' }>, 'url'>,
  build: BuildFolder,
  place: string,
  signal: AbortSignal,
): Promise<NamedFiles> {
  if (isGit(url)) {
    const { path, commit } = await deps.remotes.clone(parseGitSource(url, false), build.make(place), { signal });
    const entries = await deps.files.index({ kind: 'folder', path }, ['/'], { hash: true }, signal);
    return { ...filesInFolder(path, createTree(entries)), origin: { uri: url, digest: { sha1: commit } } };
  }
  if (!/^https?:\/\//.test(url))
    throw new KnownError('invalid_parameter', `context ${name}: ${url} is neither a URL nor a git repository`);
  const fetched = build.make(`${place}-fetched`);
  const options = { signal, name: fileName(url), checksum: '', authorization: undefined };
  const { entry } = await deps.remotes.fetch(url, fetched, options);
  const archive = await deps.openArchive(posix.join(fetched, options.name), { signal });
  if (archive === undefined)
    throw new KnownError('invalid_parameter', `context ${name}: what ${url} gives is no archive`);
  const opened = await openTar(deps, build, place, archive, signal);
  return { ...opened, origin: { uri: url, digest: { sha256: entry.hash } } };
}
