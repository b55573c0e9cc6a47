/** What the clients of a restricted listener may do. They see what they may do nothing with as if it were not there. */
export interface AccessPolicy {
  /** `read`: look at things, but at no file's content; `all`: make, change and remove things too. */
  readonly allow: 'read' | 'all';
  /** Only objects with this label are seen, and new ones get it. */
  readonly label: Label | undefined;
}

export interface Label {
  readonly key: string;
  readonly value: string;
}

/** `key=value`, or `key`, which is the same with an empty value. */
export function parseLabel(text: string): Label {
  const at = text.indexOf('=');
  return at < 0 ? { key: text, value: '' } : { key: text.slice(0, at), value: text.slice(at + 1) };
}

export function hasLabel(labels: Readonly<Record<string, string>>, { key, value }: Label): boolean {
  return Object.hasOwn(labels, key) && labels[key] === value;
}

export type ObjectKind = 'container' | 'network' | 'volume' | 'image' | 'exec';

/** Things by name as the engine knows them. Errors: not_found in Docker's words. */
export interface AccessLookups {
  /** `id`: what names this one thing whatever is renamed meanwhile. For an exec the container that it is in. */
  find(
    kind: ObjectKind,
    name: string,
  ): Promise<{ readonly id: string; readonly labels: Readonly<Record<string, string>> }>;
  /** The error that an unknown name gets. */
  absent(kind: ObjectKind, name: string): Error;
}
