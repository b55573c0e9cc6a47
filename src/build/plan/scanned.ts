import type { BuildArgs, Variables } from './scope.ts';
import type { StageState } from './stage-state.ts';

/** What an SBOM is to be made of besides the target's files. */
export interface Scanned {
  /** The stage's own files. */
  readonly stage: boolean;
  readonly context: boolean;
}

/**
 * Which of it a stage asks for with the arguments BUILDKIT_SBOM_SCAN_STAGE and BUILDKIT_SBOM_SCAN_CONTEXT, its own or global ones: true, false, or names
 * of stages with commas between them (docs/attestations/sbom.md). Undefined: none.
 */
export function scannedBy(
  name: string,
  { args }: StageState,
  { globals, buildArgs }: { readonly globals: Variables; readonly buildArgs: BuildArgs },
): Scanned | undefined {
  const isAsked = (argument: string): boolean => {
    const own = args.findLast((arg) => arg.name === argument)?.value;
    return isEnabledFor(name, own ?? buildArgs[argument] ?? globals.get(argument) ?? '');
  };
  const scanned = { stage: isAsked('BUILDKIT_SBOM_SCAN_STAGE'), context: isAsked('BUILDKIT_SBOM_SCAN_CONTEXT') };
  return scanned.stage || scanned.context ? scanned : undefined;
}

function isEnabledFor(stage: string, value: string): boolean {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  return value.split(',').includes(stage);
}
