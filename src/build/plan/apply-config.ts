/** Instructions that only change what the image says. */
import { assertNever, KnownError } from '../../lib/errors.ts';
import { expand } from '../expand/expand.ts';
import type { ArgInstruction, CommandInstruction, ExposeInstruction, Instruction } from '../instruction/instruction.ts';
import type { Pair } from '../parse/node.ts';
import { goHealthcheck, goList, goQuoteList } from './go-format.ts';
import { type ImageConfig, setEnv, withConfig } from './image-draft.ts';
import { parseExposedPorts } from './ports.ts';
import { isSignal } from './signal.ts';
import {
  type DeclaredArg,
  expandWord,
  recorded,
  type StageContext,
  type StageState,
  setVariables,
  withShell,
} from './stage-state.ts';

export type ConfigInstruction = Exclude<Instruction, { readonly kind: 'run' | 'copy' | 'add' | 'workdir' }>;

/** The stage after the instruction; its last history entry is the instruction's, if it writes one. Errors: invalid_parameter. */
export function applyConfig(state: StageState, instruction: ConfigInstruction, context: StageContext): StageState {
  const word = (text: string): string => expandWord(state, context, text);
  switch (instruction.kind) {
    case 'arg':
      return applyArg(state, instruction, context);
    case 'env':
      return applyEnv(state, instruction.pairs.map(expandPair(word)));
    case 'label':
      return applyLabel(state, instruction.pairs.map(expandPair(word)));
    case 'maintainer':
      return recorded(
        { ...state, image: { ...state.image, author: instruction.name } },
        `MAINTAINER ${instruction.name}`,
        false,
      );
    case 'cmd':
    case 'entrypoint':
      return applyCommand(state, instruction);
    case 'expose':
      return applyExpose(state, instruction, context);
    case 'healthcheck':
      return changed(
        state,
        { Healthcheck: instruction.healthcheck },
        `HEALTHCHECK ${goHealthcheck(instruction.healthcheck)}`,
      );
    case 'onbuild': {
      const triggers = [...(state.image.config.OnBuild ?? []), instruction.trigger];
      return { ...state, image: withConfig(state.image, { OnBuild: triggers }) };
    }
    case 'shell':
      return changed(state, { Shell: instruction.shell }, `SHELL ${goList(instruction.shell)}`);
    case 'stopsignal':
      return applyStopSignal(state, word(instruction.signal));
    case 'user': {
      const user = word(instruction.user);
      return changed(state, { User: user }, `USER ${user}`);
    }
    case 'volume':
      return applyVolume(state, instruction.paths.map(word));
    default:
      return assertNever(instruction);
  }
}

function changed(state: StageState, change: Partial<ImageConfig>, createdBy: string): StageState {
  return recorded({ ...state, image: withConfig(state.image, change) }, createdBy, false);
}

function expandPair(word: (text: string) => string): (pair: Pair) => Pair {
  return ({ key, value }) => ({ key: word(key), value: word(value) });
}

function pairTexts(pairs: readonly Pair[]): string {
  return pairs.map(({ key, value }) => `${key}=${value}`).join(' ');
}

function applyEnv(state: StageState, pairs: readonly Pair[]): StageState {
  const variables = setVariables(state.variables, pairs);
  return changed(
    { ...state, variables },
    { Env: setEnv(state.image.config.Env ?? [], pairs) },
    `ENV ${pairTexts(pairs)}`,
  );
}

function applyLabel(state: StageState, pairs: readonly Pair[]): StageState {
  const added = Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
  return changed(state, { Labels: { ...state.image.config.Labels, ...added } }, `LABEL ${pairTexts(pairs)}`);
}

function applyCommand(state: StageState, { kind, command }: CommandInstruction): StageState {
  const words = command.shell ? withShell(state.image, command.words) : command.words;
  if (kind === 'cmd')
    return changed({ ...state, commandSet: true }, { Cmd: words, ArgsEscaped: true }, `CMD ${goQuoteList(words)}`);
  const { Cmd: _dropped, ...kept } = state.image.config;
  const config: ImageConfig = { ...(state.commandSet ? state.image.config : kept), Entrypoint: words };
  return recorded({ ...state, image: { ...state.image, config } }, `ENTRYPOINT ${goQuoteList(words)}`, false);
}

const MAX_PORTS = 65_536 * 3;

function applyExpose(state: StageState, { ports }: ExposeInstruction, context: StageContext): StageState {
  const words = ports.flatMap(
    (port) => expand(port, (name) => state.variables.get(name), { escape: context.escape }).words,
  );
  const exposed = [];
  for (const port of words) {
    exposed.push(...parseExposedPorts(port));
    if (exposed.length > MAX_PORTS) throw new KnownError('invalid_parameter', 'EXPOSE names too many ports');
  }
  const added = Object.fromEntries(exposed.map((port) => [port, {}]));
  return changed(
    state,
    { ExposedPorts: { ...state.image.config.ExposedPorts, ...added } },
    `EXPOSE ${goList(exposed)}`,
  );
}

function applyStopSignal(state: StageState, signal: string): StageState {
  if (!isSignal(signal)) throw new KnownError('invalid_parameter', `invalid signal: ${signal}`);
  return changed(state, { StopSignal: signal }, `STOPSIGNAL ${signal}`);
}

function applyVolume(state: StageState, paths: readonly string[]): StageState {
  if (paths.includes('')) throw new KnownError('invalid_parameter', 'VOLUME specified can not be an empty string');
  const added = Object.fromEntries(paths.map((path) => [path, {}]));
  return changed(state, { Volumes: { ...state.image.config.Volumes, ...added } }, `VOLUME ${goList(paths)}`);
}

/** They steer attestations, and RUN does not see them. */
const NOT_IN_ENVIRONMENT = new Set(['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']);

/** A build arg wins, then the default, then the global value. */
function applyArg(state: StageState, { args }: ArgInstruction, context: StageContext): StageState {
  const declared: DeclaredArg[] = [];
  let { variables } = state;
  for (const { name, value } of args) {
    const given = Object.hasOwn(context.buildArgs, name) ? context.buildArgs[name] : undefined;
    const fallback = value === undefined ? context.globals.get(name) : undefined;
    const final = given ?? (value === undefined ? fallback : expandWord({ ...state, variables }, context, value));
    if (final !== undefined && !NOT_IN_ENVIRONMENT.has(name))
      variables = setVariables(variables, [{ key: name, value: final }]);
    declared.push({ name, value: final });
  }
  const texts = declared.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`));
  return recorded({ ...state, variables, args: [...state.args, ...declared] }, `ARG ${texts.join(' ')}`, false);
}
