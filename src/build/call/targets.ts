import type { Program } from '../instruction/instruction.ts';
import type { Location } from '../parse/location.ts';
import { formatColumns } from './columns.ts';
import { base64, goJson, jsonLocation } from './source-json.ts';

/** A stage that `--target` can name. */
export interface Target {
  /** '' without AS. */
  readonly name: string;
  /** Built when no target is named. */
  readonly isDefault: boolean;
  readonly description: string;
  /** As written. */
  readonly base: string;
  readonly platform: string;
  readonly location: Location;
}

/** What `--call=targets` tells (BuildKit's subrequest frontend.targets). */
export function listTargets({ stages }: Program): readonly Target[] {
  return stages.map(({ name, description, base, platform, location }, index) => ({
    name,
    isDefault: index === stages.length - 1,
    description,
    base,
    platform,
    location,
  }));
}

/** The answer in JSON; `source` is the Dockerfile. */
export function formatTargetsJson(targets: readonly Target[], source: string): string {
  return goJson({
    targets: targets.map(({ name, isDefault, description, base, platform, location }) => ({
      ...(name ? { name } : {}),
      ...(isDefault ? { default: true } : {}),
      ...(description ? { description } : {}),
      ...(base ? { base } : {}),
      ...(platform ? { platform } : {}),
      location: jsonLocation(location),
    })),
    sources: [base64(source)],
  });
}

export function formatTargets(targets: readonly Target[]): string {
  return formatColumns([['TARGET', 'DESCRIPTION'], ...targets.map((target) => [title(target), target.description])], 1);
}

function title({ name, isDefault }: Target): string {
  if (!isDefault) return name;
  return name === '' ? '(default)' : `${name} (default)`;
}
