import type { Location } from '../parse/location.ts';
import { type CheckOptions, isChecked, withComments } from './check-options.ts';
import { RULES, type RuleName, ruleUrl } from './rules.ts';

/** What a rule says of a place, before it is known whether that rule counts there. */
export interface Candidate {
  readonly rule: RuleName;
  readonly detail: string;
  readonly location: Location;
}

/** A warning, printable. */
export interface Finding extends Candidate {
  readonly description: string;
  readonly url: string;
}

export interface Selected {
  readonly findings: readonly Finding[];
  /** Those that fail the build. */
  readonly errors: readonly Finding[];
}

/** `commentsAt`: the comments above the instruction that the place belongs to. */
export function selectFindings(
  candidates: readonly Candidate[],
  options: CheckOptions,
  commentsAt: (location: Location) => readonly string[],
): Selected {
  const chosen = candidates.flatMap((candidate) => {
    const own = withComments(options, commentsAt(candidate.location));
    return isChecked(candidate.rule, own) ? [{ finding: toFinding(candidate), error: own.error }] : [];
  });
  return {
    findings: chosen.map(({ finding }) => finding),
    errors: chosen.filter(({ error }) => error).map(({ finding }) => finding),
  };
}

function toFinding({ rule, detail, location }: Candidate): Finding {
  return { rule, description: RULES[rule].description, url: ruleUrl(rule), detail, location };
}
