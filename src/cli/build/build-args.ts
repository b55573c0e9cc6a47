/** `--build-arg`: `NAME` alone takes the value of the environment; one that is not set there has none. */
export function buildArgsOf(
  given: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string | null> {
  return Object.fromEntries(
    given.map((text) => {
      const at = text.indexOf('=');
      return at === -1 ? [text, env[text] ?? null] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

/** Those that have a value. */
export function givenArgs(args: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(args).filter((pair): pair is [string, string] => pair[1] !== null));
}
