import type { StepGroup } from './step.ts';
import { containerSteps } from './steps/container.ts';
import { imageSteps } from './steps/image.ts';
import { lifecycleSteps } from './steps/lifecycle.ts';
import { runSteps } from './steps/run.ts';
import { systemSteps } from './steps/system.ts';

/** All steps of the comparison, in the order they run. */
export const STEPS: readonly StepGroup[] = [
  ...systemSteps,
  ...imageSteps,
  ...runSteps,
  ...lifecycleSteps,
  ...containerSteps,
];
