/** Markup whose texts are escaped. */
export interface Html {
  readonly markup: string;
}

type Part = Html | string | number | readonly Html[];

/** Texts between the pieces are escaped; markup made by this function is not escaped again. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return {
    markup: pieces.map((piece, index) => piece + (index < parts.length ? show(parts[index] ?? '') : '')).join(''),
  };
}

function show(part: Part): string {
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}

/** Safe in content and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** `1.2 MB`, in powers of 1000 as docker prints sizes. */
export function formatSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}
