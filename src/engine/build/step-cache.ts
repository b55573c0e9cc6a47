import { chainIdOver } from '../../oci/chain-id.ts';
import type { CachedLayer } from '../../store/record/build-cache.ts';
import type { BuildDeps } from './deps.ts';
import type { StepOutlook } from './evaluate.ts';
import { explainMiss } from './explain.ts';
import type { MissReason } from './progress.ts';
import type { CacheKey, StepInput } from './step-inputs.ts';
import { chainOf, type StageLayers } from './work.ts';

/** Where a step stands, and in which build. */
export interface StepPlace {
  readonly stage: string;
  readonly position: number;
  readonly build: { readonly name: string; readonly atMs: number };
}

/** What steps have given, of all builds of a daemon. */
export interface StepCache {
  /**
   * The layer of a key that may stand on these (undefined: on anything, its blob is unpacked there); undefined when it is not here, or its
   * files or blob are gone.
   */
  find(key: CacheKey, below: StageLayers | undefined): Promise<CachedLayer | undefined>;
  /** The key that a step goes on from when `key` is cached: the same, or the one by content. */
  resolve(key: CacheKey): CacheKey;
  /** The step with this key gives what `content`, the key of the files that it takes, stands for. */
  alias(key: CacheKey, content: CacheKey): void;
  /** Used at once by others; kept for good in the background, when its layer is durable. */
  add(step: StepOutlook, layer: CachedLayer, place: StepPlace): void;
  /** Resolves when everything that was added is kept. Errors: those of the disk. */
  settle(): Promise<void>;
  explain(step: StepOutlook, place: StepPlace): MissReason;
}

export function createStepCache(
  deps: Pick<BuildDeps, 'cache' | 'steps' | 'layers' | 'content' | 'background'>,
): StepCache {
  const fresh = new Map<
    CacheKey,
    { readonly step: StepOutlook; readonly layer: CachedLayer; readonly place: StepPlace }
  >();

  const keep = async (): Promise<void> => {
    const waiting = [...fresh];
    if (waiting.length === 0) return;
    await deps.layers.settle();
    for (const [key, entry] of waiting) {
      if (fresh.get(key) !== entry) continue;
      const { step, layer, place } = entry;
      deps.cache.keepLayer(key, layer, step.step.source);
      deps.steps.keep({ ...placed(step, place), inputs: compact(step.inputs), build: place.build });
      fresh.delete(key);
    }
  };

  const resolve = (key: CacheKey): CacheKey => (deps.cache.alias(key) as CacheKey | undefined) ?? key;

  return {
    resolve,
    alias(key, content) {
      if (key !== content && deps.cache.alias(key) !== content) deps.cache.keepAlias(key, content);
    },
    async find(asked, below) {
      const key = resolve(asked);
      if (below === undefined) await keep();
      const made = fresh.get(key)?.layer;
      const layer = made ?? deps.cache.layer(key);
      if (layer === undefined) return undefined;
      const { digest, size } = layer.descriptor;
      if (made === undefined && !(await deps.content.has(digest, size))) return undefined;
      if (below === undefined) return layer;
      const chain = chainIdOver(chainOf(below), layer.diffId);
      if (made !== undefined && !deps.layers.isUnpacked(chain)) return undefined;
      return { ...layer, chain };
    },
    add(step, layer, place) {
      fresh.set(step.key, { step, layer, place });
      // a failure comes out of settle, which the build waits for
      deps.background.spawn('keeping the build cache', async () => await keep().catch(() => undefined));
    },
    settle: keep,
    explain: (step, place) =>
      explainMiss(
        compact(step.inputs),
        // another kind of instruction at the same place is not what it was before
        deps.steps
          .like(placed(step, place))
          .filter(({ instruction }) => keyword(instruction) === keyword(step.step.source)),
      ),
  };
}

function keyword(instruction: string): string {
  return (/^\w+/.exec(instruction)?.[0] ?? '').toUpperCase();
}

function placed({ step }: StepOutlook, { stage, position }: StepPlace): { place: string; instruction: string } {
  return { place: `${stage} ${position}`, instruction: step.source };
}

/** Hashes are told apart by their beginnings. */
function compact(inputs: readonly StepInput[]): readonly StepInput[] {
  return inputs.map(([name, value]) => [name, value.replace(/[0-9a-f]{64}/g, (hash) => hash.slice(0, 16))]);
}
