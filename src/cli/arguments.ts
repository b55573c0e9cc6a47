/**
 * The complaint about the number of arguments of `path`, undefined when it is right. `usage` is the usage line.
 * Texts of docker/cli, cli/required.go.
 */
export function argumentProblem(
  count: number,
  allowed: { readonly min: number; readonly max?: number },
  path: string,
  usage: string,
): string | undefined {
  const { min, max } = allowed;
  if (count >= min && count <= (max ?? count)) return undefined;
  // Their texts differ by command, this slip included.
  const see = max === undefined ? 'See' : min === 0 && max > 0 ? 'SRun' : 'Run';
  return `docker: '${path}' ${demand(min, max)}\n\nUsage:  ${usage}\n\n${see} '${path} --help' for more information`;
}

function demand(min: number, max: number | undefined): string {
  if (max === 0) return 'accepts no arguments';
  if (max === undefined) return `requires at least ${min} ${plural(min)}`;
  if (min === max) return `requires ${min} ${plural(min)}`;
  if (min === 0) return `requires at most ${max} ${plural(max)}`;
  return `requires at least ${min} and at most ${max} ${plural(max)}`;
}

function plural(count: number): string {
  return count === 1 ? 'argument' : 'arguments';
}

/** `docker stop [OPTIONS] CONTAINER` with the words the user typed in front: `docker container stop [OPTIONS] CONTAINER`. */
export function typedUsage(usage: string, path: string): string {
  return usage.replace(/^(?:[a-z]+(?: |$))+/, `${path} `).trimEnd();
}
