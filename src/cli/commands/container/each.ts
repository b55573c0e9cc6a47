import { messageOf } from '../../../lib/errors.ts';
import type { CommandContext } from '../../command.ts';
import { ExitError } from '../../exit-error.ts';

const PARALLEL = 50;

/**
 * Does `act` for every name, up to 50 at a time, and prints the names that went well in their order. Resolves with 0.
 * Errors: ExitError with one line for every failure.
 */
export async function forEachName(
  context: CommandContext,
  names: readonly string[],
  act: (name: string) => Promise<void>,
): Promise<number> {
  const failures: string[] = [];
  const results = startAll(names, act);
  for (const [index, name] of names.entries()) {
    const failure = await results[index];
    if (failure === undefined) context.out(`${name}\n`);
    else failures.push(messageOf(failure.error));
  }
  if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
  return 0;
}

type Result = { readonly error: unknown } | undefined;

function startAll(names: readonly string[], act: (name: string) => Promise<void>): readonly Promise<Result>[] {
  const results: Promise<Result>[] = [];
  for (const [index, name] of names.entries()) {
    const before = results[index - PARALLEL];
    results.push(
      (before ?? Promise.resolve(undefined))
        .then(() => act(name))
        .then(
          () => undefined,
          (error: unknown) => ({ error }),
        ),
    );
  }
  return results;
}

/** The path of a container's resource, its name escaped. */
export function containerPath(name: string, resource = ''): string {
  return `/containers/${encodeURIComponent(name)}${resource}`;
}
