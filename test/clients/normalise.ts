/** What is a side's own and says nothing of its behaviour. */
export interface SideFacts {
  readonly root: string;
  /** The busybox image's id there, 64 hex digits: the digest of a manifest or of a config. */
  readonly image: string;
  /** Digests that are the same on both sides by right: they stay. */
  readonly keptDigests: readonly string[];
}

const HEX_64 = /\b[0-9a-f]{64}\b/g;
const HEX_12 = /\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g;

const RULES: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, '<time>'],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} [A-Z]+/g, '<time>'],
  [
    /\b(Less than a second|About an? (minute|hour)|\d+ (second|minute|hour|day|week|month|year)s?)( ago)?/g,
    '<while>$4',
  ],
  [/\b(\d+\.)?\d+ ?[kMGT]?i?B\b/g, '<size>'],
  [/\b10\.218\.\d+\.\d+(\/24)?/g, '<ip>'],
  [/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, '<mac>'],
  [/(0\.0\.0\.0|127\.0\.0\.1|\[::\]|::):\d{4,5}\b/g, '$1:<port>'],
  // A word of the client of 20.10 that comes now and then.
  [/^time=.* msg="error waiting for container: context canceled"\n/gm, ''],
  [/(\S) {2,}(?=\S)/g, '$1  '],
  [/[ \t]+$/gm, ''],
];

/** Puts a placeholder where two right answers may differ: ids, times, sizes, addresses, the side's own paths, widths of columns. */
export function normalise(text: string, side: SideFacts): string {
  const kept = new Set(side.keptDigests);
  const short = new Set(side.keptDigests.map((digest) => digest.slice(0, 12)));
  const named = text
    .replaceAll(side.root, '<root>')
    .replaceAll(side.image, '<busybox>')
    .replaceAll(side.image.slice(0, 12), '<busybox>')
    .replace(HEX_64, (found) => (kept.has(found) ? found : '<id>'))
    .replace(HEX_12, (found) => (short.has(found) ? found : '<id>'));
  return RULES.reduce((soFar, [pattern, placeholder]) => soFar.replace(pattern, placeholder), named);
}

/** The paths of all keys in JSON text, sorted, one a line: `[].Config.Env[]`. Values do not matter. Text that is no JSON comes back as it is. */
export function keyPaths(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  return [...new Set(pathsOf(value, ''))].sort().join('\n');
}

function pathsOf(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value)) return [`${path}[]`, ...value.flatMap((item) => pathsOf(item, `${path}[]`))];
  if (value === null || typeof value !== 'object') return [path];
  // Null and an empty object are not told apart: which one it is depends on what the client sent.
  if (Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, item]) => pathsOf(item, path === '' ? key : `${path}.${key}`));
}
