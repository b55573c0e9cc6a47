import type { Platform } from '../../oci/platform.ts';
import type { Instruction } from '../instruction/instruction.ts';
import type { BaseImage } from './base-image.ts';
import type { FileSource } from './plan.ts';
import type { StageState } from './stage-state.ts';

/** Is told what a planner comes by, in its order and also when an error ends it: what checks and outlines are made of. */
export interface PlanObserver {
  stage?(seen: SeenStage): void;
  /** Before it is evaluated. */
  instruction?(seen: SeenInstruction): void;
  /** After it was evaluated. */
  applied?(seen: SeenInstruction & { readonly after: StageState }): void;
}

export interface SeenStage {
  readonly index: number;
  /** The base, variables expanded. */
  readonly name: string;
  readonly base: FileSource;
  /** The platform that the base was asked for. */
  readonly wanted: Platform;
  /** Undefined for `scratch` and other stages. */
  readonly image: BaseImage | undefined;
}

export interface SeenInstruction {
  /** Index of its stage. */
  readonly stage: number;
  readonly instruction: Instruction;
  readonly before: StageState;
  /** ONBUILD of the base kept it. */
  readonly trigger: boolean;
}
