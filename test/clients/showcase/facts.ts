import type { HistoryEntry, ImageContent } from './image-content.ts';

/** What can be compared of an image, one name and one text each. */
export type Facts = ReadonlyMap<string, string>;

/** Of the last container that the classic builder made, and of no use to anybody. */
const LEFT_OF_CONTAINERS = new Set(['Hostname', 'Domainname', 'Image', 'AttachStdin', 'AttachStdout', 'AttachStderr']);

/** Everything but ids, times and sizes. Fields without a value are as those that are not there. */
export function factsOf(
  { document, tree }: ImageContent,
  historyText: (entry: HistoryEntry) => string | undefined,
): Facts {
  const { architecture, os, author = '', variant = '', config, history } = document;
  const facts = new Map([['platform', `${os}/${architecture}${variant}`]]);
  if (author !== '') facts.set('author', author);
  for (const [name, value] of Object.entries(config).sort(byName))
    if (!LEFT_OF_CONTAINERS.has(name) && !isNothing(value)) facts.set(`config ${name}`, sortedJson(value));
  const texts = history.map(historyText).filter((text) => text !== undefined);
  for (const [index, text] of texts.entries()) facts.set(`history ${index}`, text);
  for (const [path, what] of tree) facts.set(`file ${path}`, what);
  return facts;
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function isNothing(value: unknown): boolean {
  return value === null || value === '' || value === false;
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Lines `name: ours | theirs` for the facts that are not the same. */
export function differences(ours: Facts, theirs: Facts): Readonly<Record<string, string>> {
  const names = [...new Set([...ours.keys(), ...theirs.keys()])];
  return Object.fromEntries(
    names
      .filter((name) => ours.get(name) !== theirs.get(name))
      .map((name) => [name, `${ours.get(name) ?? 'not there'} | ${theirs.get(name) ?? 'not there'}`]),
  );
}
