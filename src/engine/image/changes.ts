import { parseInstruction } from '../../build/instruction/parse-instruction.ts';
import { parseDockerfile } from '../../build/parse/parse.ts';
import { applyConfig } from '../../build/plan/apply-config.ts';
import { type ImageConfig, withConfig } from '../../build/plan/image-draft.ts';
import { joinWorkingDirectory } from '../../build/plan/paths.ts';
import { beginStage, expandWord, type StageContext, type StageState } from '../../build/plan/stage-state.ts';
import { KnownError } from '../../lib/errors.ts';

/** A config while changes are applied to it: the fields of the image document's `config`. */
export type ConfigFields = Record<string, unknown>;

const ALLOWED = 'cmd entrypoint env expose healthcheck label onbuild stopsignal user volume workdir'.split(' ');

/**
 * Applies Dockerfile instructions to a config, as `docker import --change` and `docker commit --change` know them. Returns a
 * new config. Errors: invalid_parameter naming the instruction.
 */
export function applyChanges(config: Readonly<ConfigFields>, changes: readonly string[]): ConfigFields {
  const lines = changes
    .join('\n')
    .split('\n')
    .filter((line) => !/^\s*(?:#|$)/.test(line));
  if (lines.length === 0) return { ...config };
  const { escape, instructions } = parseDockerfile(lines.join('\n'));
  const context: StageContext = { escape, globals: new Map(), buildArgs: {}, sourceOf: noSource };
  // whoever read the config has checked the types of its fields
  let state = beginStage(
    { platform: { os: 'linux', architecture: '' }, author: '', config: config as ImageConfig, history: [] },
    undefined,
  );
  for (const node of instructions) state = applyChange(state, node, context);
  const { ArgsEscaped: _ofBuilds, ...changed } = state.image.config;
  return { ...changed };
}

function noSource(): never {
  throw new KnownError('system', 'a change takes files from nowhere');
}

function applyChange(
  state: StageState,
  node: Parameters<typeof parseInstruction>[0],
  context: StageContext,
): StageState {
  if (!ALLOWED.includes(node.name.toLowerCase())) throw notAChange(node.name);
  const instruction = parseInstruction(node);
  switch (instruction.kind) {
    case 'from':
    case 'run':
    case 'copy':
    case 'add':
      throw notAChange(node.name);
    case 'workdir': {
      const path = joinWorkingDirectory(
        state.image.config.WorkingDir ?? '',
        expandWord(state, context, instruction.path),
      );
      return { ...state, image: withConfig(state.image, { WorkingDir: path }) };
    }
    default:
      return applyConfig(state, instruction, context);
  }
}

function notAChange(name: string): KnownError {
  return new KnownError('invalid_parameter', `${name.toUpperCase()} is not a valid change command`);
}
