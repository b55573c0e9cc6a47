import { checkDockerfile } from '../../build/check/check-dockerfile.ts';
import { DockerfileError } from '../../build/parse/dockerfile-error.ts';
import type { BegunBuild } from './build-image.ts';
import type { BuildWork } from './work.ts';

/**
 * Tells of what the build checks find in the stages that are built. What cannot be planned at all is left to the plan to say. Errors: DockerfileError with BuildKit's
 * text where `# check=error=true` or its build argument says so.
 */
export async function checkBuild(
  { deps, request, progress }: Pick<BegunBuild, 'deps' | 'request' | 'progress'>,
  { context, contexts, bases, platform }: Pick<BuildWork, 'context' | 'contexts' | 'bases' | 'platform'>,
  signal: AbortSignal,
): Promise<void> {
  const { target, buildArgs, labels } = request;
  const { findings, error, isViolation } = await checkDockerfile(
    {
      text: context.dockerfile,
      options: { target, buildArgs, labels, platforms: { build: deps.host, target: platform }, named: contexts.find },
      ignorePatterns: context.ignorePatterns,
      resolve: bases.resolve,
      onlyNeeded: true,
    },
    { signal },
  );
  for (const finding of findings) progress.tell({ kind: 'finding', finding });
  if (error && isViolation) throw new DockerfileError(error.message, error.location);
}
