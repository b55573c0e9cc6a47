/** Capability names as the daemon keeps them: upper case with `CAP_` in front, except ALL; sorted, each once. */
export function parseCapabilities(names: readonly string[]): readonly string[] {
  return [...new Set(names.map(normalise))].sort();
}

function normalise(given: string): string {
  const name = given.trim().toUpperCase();
  return name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`;
}
