import type { MissReason } from './progress.ts';
import type { StepInput } from './step-inputs.ts';

/** A step of an earlier build. */
export interface KnownStep {
  readonly inputs: readonly StepInput[];
  readonly build: { readonly name: string; readonly atMs: number };
}

/**
 * Why a step was not in the cache: the first input, in the order of `inputs`, that differs from the earlier step that is most like it (of
 * equals the latest). Pure.
 */
export function explainMiss(inputs: readonly StepInput[], known: readonly KnownStep[]): MissReason {
  let best: { readonly step: KnownStep; readonly differences: readonly Difference[] } | undefined;
  for (const step of known.toSorted((a, b) => b.build.atMs - a.build.atMs)) {
    const differences = differencesOf(step.inputs, inputs);
    if (best === undefined || differences.length < best.differences.length) best = { step, differences };
  }
  if (best === undefined) return { kind: 'never', input: '', before: undefined, now: undefined, build: undefined };
  const { build } = best.step;
  const [first] = best.differences;
  if (first === undefined) return { kind: 'gone', input: '', before: undefined, now: undefined, build };
  return { kind: 'changed', ...first, build };
}

type Difference = Pick<MissReason, 'input' | 'before' | 'now'>;

/** In the order of what is now, then what is no more. */
function differencesOf(before: readonly StepInput[], now: readonly StepInput[]): readonly Difference[] {
  const was = new Map(before);
  const is = new Map(now);
  const changed = now.filter(([name, value]) => was.get(name) !== value);
  return [
    ...changed.map(([input, value]) => ({ input, before: was.get(input), now: value })),
    ...before.filter(([name]) => !is.has(name)).map(([input, value]) => ({ input, before: value, now: undefined })),
  ];
}
