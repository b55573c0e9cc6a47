import { isGit, isUrl } from '../../build/plan/apply-copy.ts';
import type { BuildPlan, CopyStep, RunStep, Step } from '../../build/plan/plan.ts';
import { needsBuildKit, notYet } from './errors.ts';

/** Refuses what this builder cannot do, before anything runs. Errors: invalid_parameter, not_implemented. */
export function checkSupported({ stages }: BuildPlan): void {
  for (const { steps } of stages) for (const step of steps) checkStep(step);
}

function checkStep(step: Step): void {
  if (step.kind === 'run') checkRun(step);
  if (step.kind === 'copy') checkCopy(step);
}

function checkRun(step: RunStep): void {
  if (step.mounts.length > 0) throw needsBuildKit('--mount');
  if (step.network !== 'default') throw needsBuildKit('--network');
  if (step.security !== 'sandbox') throw needsBuildKit('--security');
  if (step.devices.length > 0) throw needsBuildKit('--device');
  if (step.script) throw notYet('a RUN heredoc that begins with #!');
}

function checkCopy(step: CopyStep): void {
  if (step.link) throw needsBuildKit('--link');
  if (step.parents) throw needsBuildKit('--parents');
  if (step.excludes.length > 0) throw needsBuildKit('--exclude');
  if (step.checksum !== '') throw needsBuildKit('--checksum');
  if (step.keepGitDir) throw needsBuildKit('--keep-git-dir');
  if (step.unpack !== undefined) throw needsBuildKit('--unpack');
  if (step.chmod !== '' && !/^[0-7]+$/.test(step.chmod)) throw notYet('a symbolic --chmod');
  const remote = step.paths.find((path) => isUrl(path) || isGit(path));
  if (remote !== undefined) throw notYet(`ADD from ${remote}`);
}
