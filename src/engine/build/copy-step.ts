import { posix } from 'node:path';
import type { CopyStep, MakeDirectoryStep } from '../../build/plan/plan.ts';
import type { PlaceRequest, PlaceSource, TreeView } from '../../linux/build/build-files.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import type { LayerDraft } from '../../store/snapshot/draft-layers.ts';
import { isRemote, type StepOutlook } from './evaluate.ts';
import { keepLayer } from './keep-layer.ts';
import { type Selection, selectFiles } from './select.ts';
import { isIndependent } from './step-inputs.ts';
import { createTree } from './tree.ts';
import { type BuildWork, chainOf, layersView, type StageLayers, viewOf } from './work.ts';

/** Puts files into the stage and keeps them as a layer. Errors: invalid_parameter for what is not there or cannot be placed. */
export async function copyStep(
  work: BuildWork,
  step: CopyStep,
  { selections }: Pick<StepOutlook, 'selections'>,
  layers: StageLayers,
  signal: AbortSignal,
): Promise<CachedLayer> {
  const independent = isIndependent(step);
  const made = await onDraft(work, independent ? [] : layers, signal, async (draft) => {
    const source = await viewOf(work, step.from, selections.flatMap(entriesOf), signal);
    await placeAll(work, step, draft, source, selections, signal);
  });
  if (!independent || layers.length === 0) return made;
  await work.deps.layers.settle(); // its blob is unpacked once more, on top of the stage
  const chain = await work.deps.layers.ensureUnpacked([...layers, made], { signal });
  return { ...made, ...(chain === undefined ? {} : { chain }) };
}

/** WORKDIR: makes the folders that are missing, owned by the user that is in force. */
export async function directoryStep(
  work: BuildWork,
  { path, user }: Pick<MakeDirectoryStep, 'path' | 'user'>,
  layers: StageLayers,
  signal: AbortSignal,
): Promise<CachedLayer> {
  return await onDraft(
    work,
    layers,
    signal,
    async (draft) => await work.deps.files.makeFolder(draft, path, user, work.clampSeconds, signal),
  );
}

async function onDraft(
  work: BuildWork,
  layers: StageLayers,
  signal: AbortSignal,
  write: (draft: LayerDraft) => Promise<void>,
): Promise<CachedLayer> {
  const store = work.deps.layers;
  await store.ensureUnpacked(layers, { signal });
  const draft = store.begin(chainOf(layers));
  try {
    await write(draft);
    return await keepLayer(work, { ...draft, layers, dropMountPoints: false }, signal);
  } finally {
    store.discard(draft);
  }
}

/**
 * What a COPY takes from another stage or image, with hashes of the contents: the tree is looked at below where the paths begin. Errors:
 * invalid_parameter for what is not there.
 */
export async function selectFrom(work: BuildWork, step: CopyStep, signal: AbortSignal): Promise<readonly Selection[]> {
  if (step.paths.length === 0) return [];
  const source = await layersView(work, step.from, signal);
  const places = step.paths.map((path) => aboveWildcard(step.parents ? path.replace('/./', '/') : path));
  const entries = await work.deps.files.index(source, places, { hash: true }, signal);
  return selectFiles(createTree(entries), step);
}

function aboveWildcard(path: string): string {
  const at = path.search(/[*?[\\]/);
  return at === -1 ? path : path.slice(0, at).replace(/[^/]*$/, '');
}

async function placeAll(
  work: BuildWork,
  step: CopyStep,
  draft: LayerDraft,
  source: TreeView,
  selections: readonly Selection[],
  signal: AbortSignal,
): Promise<void> {
  const { deps, remotes, clampSeconds } = work;
  const looks = { destination: step.destination, owner: step.chown, mode: step.chmod, clampSeconds };
  const place = async (
    tree: TreeView,
    sources: readonly PlaceSource[],
    more: Partial<PlaceRequest> = {},
  ): Promise<void> => {
    if (sources.length > 0) await deps.files.place(draft, tree, { ...looks, ...more, sources }, signal);
  };
  const plain: PlaceSource[] = [];
  for (const selection of selections) {
    const archive = unpacks(step) ? await archiveOf(work, source, selection, signal) : undefined;
    if (archive === undefined) plain.push(toSource(selection, source.kind !== 'pack'));
    else await deps.files.extract(draft, looks, archive, signal);
  }
  await place(source, plain);
  for (const path of step.paths.filter(isRemote)) {
    const remote = remotes.get(step, path);
    const file = remote.file === undefined ? undefined : posix.join(remote.folder, remote.file);
    const archive = file !== undefined && step.unpack === true ? await deps.openArchive(file, { signal }) : undefined;
    if (archive) await deps.files.extract(draft, looks, archive, signal);
    else
      await place({ kind: 'folder', path: remote.folder }, [
        remote.file === undefined
          ? await repositorySource(work, step, remote.folder, signal)
          : { kind: 'file', path: `/${remote.file}`, name: remote.file },
      ]);
  }
  // times of files written in the Dockerfile are nobody's: they are those of now, unless the build has one
  await place(
    source,
    step.files.map(({ name, content }): PlaceSource => ({ kind: 'text', name, content })),
  );
}

/** A repository without what `--exclude` names. */
async function repositorySource(
  { deps }: BuildWork,
  step: CopyStep,
  folder: string,
  signal: AbortSignal,
): Promise<PlaceSource> {
  if (step.excludes.length === 0) return { kind: 'tree', path: '/', entries: undefined };
  const entries = await deps.files.index({ kind: 'folder', path: folder }, ['/'], { hash: false }, signal);
  const [selection] = selectFiles(createTree(entries), { ...step, paths: ['/'], parents: false });
  return selection === undefined ? { kind: 'tree', path: '/', entries: [] } : toSource(selection, true);
}

/** A file of a context as a tar; undefined when it is none. */
async function archiveOf(
  { deps }: BuildWork,
  source: TreeView,
  selection: Selection,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  if (selection.kind !== 'file' || selection.entry.type !== 'file') return undefined;
  const { path, offset, size } = selection.entry;
  if (source.kind === 'folder') return await deps.openArchive(posix.join(source.path, path), { signal });
  return source.kind === 'pack' ? await deps.openArchive(source.path, { signal, part: { offset, size } }) : undefined;
}

function entriesOf(selection: Selection): readonly TreeEntry[] {
  return selection.kind === 'file' ? [selection.entry] : selection.files.map(({ entry }) => entry);
}

/** ADD unpacks archives of the context, unless it is told not to. */
function unpacks(step: CopyStep): boolean {
  return step.instruction === 'ADD' && step.unpack !== false;
}

/** `walks`: a whole folder is walked where it lies; in a pack there is no folder. */
function toSource(selection: Selection, walks: boolean): PlaceSource {
  if (selection.kind === 'file') return { kind: 'file', path: selection.entry.path, name: selection.name };
  const { path, files, whole } = selection;
  return { kind: 'tree', path, entries: whole && walks ? undefined : files.map(({ relative }) => relative) };
}
