import type { BuildPlan, StagePlan, Step } from '../../build/plan/plan.ts';
import type { VertexPlace } from './progress.ts';

/** Where BuildKit has a step (undefined: the stage's base); undefined for what it has no step for. Pure. */
export function stepPlace({ stages }: BuildPlan, stage: StagePlan, step: Step | undefined): VertexPlace | undefined {
  const { base, name, index } = stage;
  const steps = stage.steps.filter(({ kind }) => kind !== 'config');
  const bases = base.kind === 'image' ? 1 : 0;
  const place = {
    stage: stages.length === 1 && index === 0 && name === 'stage-0' ? '' : name,
    total: bases + steps.length,
    reference: base.kind === 'image' ? `${base.reference}@${base.digest}` : '',
  };
  if (step === undefined) return base.kind === 'image' ? { ...place, index: 1, lines: undefined } : undefined;
  if (step.kind === 'config') return undefined;
  const lines = step.trigger ? undefined : step.location;
  return { ...place, reference: '', index: bases + steps.indexOf(step) + 1, lines };
}
