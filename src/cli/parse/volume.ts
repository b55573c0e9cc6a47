import { invalid } from '../../lib/invalid.ts';

/** What `-v` comes to: binds as the API takes them, and the paths of anonymous volumes. */
export interface Volumes {
  readonly binds: readonly string[];
  readonly anonymous: readonly string[];
}

/**
 * Sorts `-v` values. A source that begins with a dot is taken from the folder the client runs in, by `absolute`. The options
 * behind the second colon are the daemon's to judge. Errors: invalid_parameter.
 */
export function parseVolumes(given: readonly string[], absolute: (path: string) => string): Volumes {
  const binds: string[] = [];
  const anonymous: string[] = [];
  for (const text of new Set(given)) {
    const source = sourceOf(text);
    if (source === undefined) anonymous.push(text);
    else binds.push(source.startsWith('.') ? `${absolute(source)}${text.slice(source.length)}` : text);
  }
  return { binds, anonymous };
}

/** Undefined for a path alone. One letter before a colon is the drive of a Windows path. */
function sourceOf(text: string): string | undefined {
  if (text === '') throw invalid('invalid empty volume spec');
  if (text.length <= 2) return undefined;
  const sections: string[] = [''];
  for (const char of text) {
    const current = sections.at(-1) ?? '';
    if (char === ':' && !/^\p{L}$/u.test(current)) sections.push('');
    else sections[sections.length - 1] = current + char;
  }
  if (sections.includes('')) throw invalid(`invalid spec: ${text}: empty section between colons`);
  if (sections.length > 3) throw invalid(`invalid spec: ${text}: too many colons`);
  return sections.length === 1 ? undefined : sections[0];
}
