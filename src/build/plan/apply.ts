import type { Instruction } from '../instruction/instruction.ts';
import { located } from '../parse/dockerfile-error.ts';
import { applyConfig, type ConfigInstruction } from './apply-config.ts';
import { planCopy } from './apply-copy.ts';
import { planRun } from './apply-run.ts';
import { withConfig } from './image-draft.ts';
import { joinWorkingDirectory } from './paths.ts';
import type { Step } from './plan.ts';
import { expandWord, recorded, type StageContext, type StageState } from './stage-state.ts';

export interface Applied {
  readonly state: StageState;
  readonly step: Step;
}

/** One instruction: what it does, and the stage after it. Errors: DockerfileError. */
export function applyInstruction(
  state: StageState,
  instruction: Instruction,
  context: StageContext,
  trigger: boolean,
): Applied {
  const head = { source: instruction.source, location: instruction.location, trigger };
  return located(instruction.location, () => {
    context.budget?.charge(copyingCost(state));
    switch (instruction.kind) {
      case 'run': {
        const details = planRun(state, instruction, context);
        return { state: withLayer(state, details.createdBy), step: { ...head, ...details } };
      }
      case 'copy':
      case 'add': {
        const details = planCopy(state, instruction, context);
        return { state: withLayer(state, details.createdBy), step: { ...head, ...details } };
      }
      case 'workdir':
        return applyWorkdir(state, expandWord(state, context, instruction.path), head);
      default:
        return applyConfigStep(state, instruction, context, head);
    }
  });
}

/** What stands in a state is copied, in one way or another, for every instruction. */
function copyingCost({ image: { config, history }, variables, args }: StageState): number {
  const { Labels = {}, ExposedPorts = {}, Volumes = {}, OnBuild } = config;
  const fields = [Labels, ExposedPorts, Volumes].reduce((sum, map) => sum + Object.keys(map).length, variables.size);
  return 1 + 4 * history.length + args.length + (OnBuild?.length ?? 0) + UNITS_PER_FIELD * fields;
}

/** What has a name is copied far slower than what stands in a list. */
const UNITS_PER_FIELD = 100;

type Head = Pick<Step, 'source' | 'location' | 'trigger'>;

function withLayer(state: StageState, createdBy: string | undefined): StageState {
  return recorded(state, createdBy ?? '', true);
}

/** The root directory is there already: no layer. */
function applyWorkdir(state: StageState, path: string, head: Head): Applied {
  const { WorkingDir = '', User: user = '' } = state.image.config;
  const directory = joinWorkingDirectory(WorkingDir, path);
  const createdBy = `WORKDIR ${directory}`;
  const layer = directory !== '/';
  const moved = { ...state, image: withConfig(state.image, { WorkingDir: directory }) };
  return {
    state: recorded(moved, createdBy, layer),
    step: layer
      ? { ...head, kind: 'directory', path: directory, user, createdBy }
      : { ...head, kind: 'config', createdBy },
  };
}

function applyConfigStep(
  state: StageState,
  instruction: ConfigInstruction,
  context: StageContext,
  head: Head,
): Applied {
  const after = applyConfig(state, instruction, context);
  const wrote = after.image.history.length > state.image.history.length;
  const createdBy = wrote ? after.image.history.at(-1)?.createdBy : undefined;
  return { state: after, step: { ...head, kind: 'config', createdBy } };
}
