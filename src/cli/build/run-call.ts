import { formatCheck, formatCheckError, formatCheckJson } from '../../build/call/format-check.ts';
import { formatOutline, formatOutlineJson } from '../../build/call/format-outline.ts';
import { makeOutline } from '../../build/call/outline.ts';
import { formatTargets, formatTargetsJson, listTargets } from '../../build/call/targets.ts';
import { checkDockerfile } from '../../build/check/check-dockerfile.ts';
import { parseProgram } from '../../build/instruction/program.ts';
import { DockerfileError } from '../../build/parse/dockerfile-error.ts';
import { formatExcerpt } from '../../build/parse/location.ts';
import { parseDockerfile } from '../../build/parse/parse.ts';
import type { ResolveImage } from '../../build/plan/base-image.ts';
import { makePlan, type PlanOptions } from '../../build/plan/make-plan.ts';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { CommandContext } from '../command.ts';
import { ExitError } from '../exit-error.ts';
import type { BuildCall, PrintedStage } from './call-flag.ts';
import type { LocalDockerfile } from './local-dockerfile.ts';
import { createLocalImages, unknownImage } from './local-images.ts';

/**
 * Prints what is asked of a Dockerfile and resolves with the status: 1 when checks found something. Errors: ExitError with the text that
 * buildx prints.
 */
export async function runCall(
  context: CommandContext,
  call: BuildCall,
  dockerfile: LocalDockerfile,
  options: PlanOptions,
): Promise<number> {
  const { text, fileName } = dockerfile;
  try {
    switch (call.kind) {
      case 'check':
        return await runCheck(context, call, dockerfile, options);
      case 'outline': {
        const outline = await makeOutline(text, options, guessing(context), notCancelled());
        context.out(call.json ? `${formatOutlineJson(outline, text)}\n` : formatOutline(outline));
        return 0;
      }
      case 'targets': {
        const targets = listTargets(parseProgram(parseDockerfile(text)));
        context.out(call.json ? `${formatTargetsJson(targets, text)}\n` : formatTargets(targets));
        return 0;
      }
      case 'print':
        context.out(`${JSON.stringify(await compile(context, call.stage, text, options), undefined, 2)}\n`);
        return 0;
    }
  } catch (error) {
    if (error instanceof ExitError || !(error instanceof KnownError)) throw error;
    const place = error instanceof DockerfileError ? error.location : undefined;
    const excerpt = place === undefined ? '' : formatExcerpt(text, fileName, place);
    throw new ExitError(1, `${excerpt}ERROR: failed to solve: ${messageOf(error)}`);
  }
}

async function runCheck(
  context: CommandContext,
  call: Extract<BuildCall, { readonly json: boolean }>,
  dockerfile: LocalDockerfile,
  options: PlanOptions,
): Promise<number> {
  const { text, ignorePatterns } = dockerfile;
  const report = await checkDockerfile({ text, options, ignorePatterns, resolve: guessing(context) }, notCancelled());
  context.out(call.json ? `${formatCheckJson(report, dockerfile)}\n` : formatCheck(report, dockerfile));
  if (report.error) throw new ExitError(1, `ERROR: ${formatCheckError(report.error, dockerfile)}`);
  return report.findings.length > 0 && !call.ignoreStatus ? 1 : 0;
}

async function compile(
  context: CommandContext,
  stage: PrintedStage,
  text: string,
  options: PlanOptions,
): Promise<unknown> {
  if (stage === 'plan') return await makePlan(text, options, insisting(context), notCancelled());
  const tree = parseDockerfile(text);
  return stage === 'ast' ? tree : parseProgram(tree);
}

/** Ctrl-C ends the program. */
function notCancelled(): { readonly signal: AbortSignal } {
  return { signal: new AbortController().signal };
}

/** What a base says matters little for checks and outlines: they do without, and say so. */
function guessing({ api, err }: CommandContext): ResolveImage {
  return createLocalImages(api, (name, platform) => {
    err(
      `WARNING: the image ${name} is not here: its variables, its ONBUILD instructions and its platform are left out\n`,
    );
    return unknownImage(platform);
  });
}

function insisting({ api }: CommandContext): ResolveImage {
  return createLocalImages(api, (name) => {
    throw new KnownError('not_found', `the image ${name} is not here: pull it to have a plan`);
  });
}
