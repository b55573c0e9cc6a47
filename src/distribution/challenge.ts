/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1). Parameter names are lower case. */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_HEADER_CHARS = 16_384;
const PARAMETER = /^([a-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,\s*|$)/i;
const SCHEME = /^([a-z0-9!#$%&'*+.^_`|~-]+)(?:\s+|$|,\s*)/i;

/** Parses the header's challenges in order; stops at the first thing that is not understood. Never throws. */
export function parseChallenges(header: string | null): readonly Challenge[] {
  let rest = (header ?? '').slice(0, MAX_HEADER_CHARS).trim();
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  while (rest !== '') {
    const current = challenges.at(-1);
    const parameter = current ? PARAMETER.exec(rest) : null;
    if (current && parameter?.[1]) {
      current.parameters.set(
        parameter[1].toLowerCase(),
        parameter[2]?.replaceAll(/\\(.)/g, '$1') ?? parameter[3] ?? '',
      );
      rest = rest.slice(parameter[0].length);
      continue;
    }
    const scheme = SCHEME.exec(rest);
    if (!scheme?.[1]) break;
    challenges.push({ scheme: scheme[1].toLowerCase(), parameters: new Map() });
    rest = rest.slice(scheme[0].length);
  }
  return challenges;
}
