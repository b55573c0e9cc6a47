import { parseProgram } from '../../build/instruction/program.ts';
import { parseDockerfile } from '../../build/parse/parse.ts';
import type { BuildPlan } from '../../build/plan/plan.ts';
import { platformVariables, proxyEnvironment } from '../../build/plan/scope.ts';
import type { BuildRequest } from './service.ts';

/** Build args that mean something to every build. */
const SPECIAL = /^(?:SOURCE_DATE_EPOCH|BUILDKIT_[A-Z_]+)$/;

/** Names of build args that nothing in the Dockerfile asks for. */
export function unusedArgs(
  text: string,
  { stages }: BuildPlan,
  { buildArgs, platforms, target }: BuildRequest,
): readonly string[] {
  const { globalArgs, stages: written } = parseProgram(parseDockerfile(text));
  const host = { os: 'linux', architecture: '' };
  const known = new Set(platformVariables({ build: host, target: platforms[0] ?? host }, target, {}).keys());
  const triggers = stages.flatMap((stage) => stage.steps.filter((step) => step.trigger).map((step) => step.source));
  for (const instruction of [...globalArgs, ...written.flatMap((stage) => stage.instructions)])
    if (instruction.kind === 'arg') for (const { name } of instruction.args) known.add(name);
  for (const source of triggers) for (const name of source.match(/\w+/g) ?? []) known.add(name);
  return Object.keys(buildArgs)
    .filter((name) => !known.has(name) && !SPECIAL.test(name) && proxyEnvironment({ [name]: '' }).length === 0)
    .toSorted();
}
