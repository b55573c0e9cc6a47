import type { BuildPlan, FileSource } from '../../build/plan/plan.ts';
import type { TreeView } from '../../linux/build/build-files.ts';
import type { BuildFolder } from '../../linux/build/build-folders.ts';
import type { TreeEntry } from '../../linux/build/tree-entry.ts';
import { chainIdOf } from '../../oci/chain-id.ts';
import type { ChainId } from '../../oci/digest.ts';
import type { Platform } from '../../oci/platform.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import type { Bases } from './bases.ts';
import type { ContextFiles } from './context-files.ts';
import type { BuildDeps } from './deps.ts';
import type { LookAhead, Outlook, StepOutlook } from './evaluate.ts';
import type { NamedContexts } from './named-contexts.ts';
import type { BuildContext } from './open-context.ts';
import type { PreparedRemotes } from './prepare-remotes.ts';
import type { ProgressSink } from './progress.ts';
import type { BuildRequest } from './service.ts';

/** The files of a stage: layers, lowest first. */
export type StageLayers = readonly CachedLayer[];

/** One build, as its steps see it. */
export interface BuildWork {
  readonly deps: BuildDeps;
  readonly request: BuildRequest;
  readonly plan: BuildPlan;
  /** What the image is for. */
  readonly platform: Platform;
  /** In a build for several platforms which one this is, as `os/arch`; '' otherwise. */
  readonly platformName: string;
  readonly outlook: Outlook;
  readonly context: BuildContext;
  readonly contexts: NamedContexts;
  readonly folder: BuildFolder;
  readonly remotes: PreparedRemotes;
  readonly bases: Bases;
  readonly progress: ProgressSink;
  /** Seconds since the epoch that no time in the image may pass: SOURCE_DATE_EPOCH. */
  readonly clampSeconds: number | undefined;
  /** Steps that are made out of this build's folder, for others too: it stays until they end. */
  readonly flights: Set<Promise<unknown>>;
  /** How keys are made and looked for, once more where a step turns out to go on from another key than was planned. */
  readonly lookAhead: LookAhead;
  /** Steps of the stages that are ready, with the keys that they came to have. */
  readonly finished: Map<number, readonly StepOutlook[]>;
  /** Layers of the stages that are ready. */
  readonly done: Map<number, StageLayers>;
}

/** What the target of one platform has become. */
export interface PlatformResult {
  readonly work: BuildWork;
  readonly layers: StageLayers;
}

export function chainOf(layers: StageLayers): ChainId | undefined {
  return chainIdOf(layers.map(({ diffId }) => diffId));
}

export function layersOf({ bases, done }: Pick<BuildWork, 'bases' | 'done'>, source: FileSource): StageLayers {
  if (source.kind === 'image') return bases.layersOf(source.digest);
  return source.kind === 'stage' ? (done.get(source.index) ?? []) : [];
}

/** The context that a source of files is; undefined: it is none. */
export function contextOf(
  { context, contexts }: Pick<BuildWork, 'context' | 'contexts'>,
  source: FileSource,
): ContextFiles | undefined {
  if (source.kind === 'context') return context;
  return source.kind === 'named' ? contexts.get(source.id) : undefined;
}

/** A source of files as a tree to read: of a context these entries, of a stage or image everything. Layers of images are unpacked first. */
export async function viewOf(
  work: BuildWork,
  source: FileSource,
  entries: readonly TreeEntry[],
  signal: AbortSignal,
): Promise<TreeView> {
  return contextOf(work, source)?.view(entries) ?? (await layersView(work, source, signal));
}

/** The same of a stage or image. */
export async function layersView(
  work: BuildWork,
  source: FileSource,
  signal: AbortSignal,
): Promise<Extract<TreeView, { readonly kind: 'layers' }>> {
  const { layers } = work.deps;
  const chain = await layers.ensureUnpacked(layersOf(work, source), { signal });
  return { kind: 'layers', lower: layers.lowerOf(chain) };
}
