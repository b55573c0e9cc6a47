/** Extended attributes of a file by name, see xattr(7). */
export type Attributes = Readonly<Record<string, Uint8Array>>;

/** Attributes that copies and layers keep: those of users, and capabilities. */
export function isKept(name: string): boolean {
  return name === 'security.capability' || name.startsWith('user.');
}

/** One text for what is kept, the same for the same attributes; '' for nothing. */
export function attributesText(attributes: Attributes): string {
  const kept = Object.entries(attributes).filter(([name]) => isKept(name));
  if (kept.length === 0) return '';
  return JSON.stringify(
    kept
      .map(([name, value]) => [name, Buffer.from(value).toString('hex')])
      .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  );
}

/** What {@link attributesText} has written. */
export function parseAttributes(text: string): Attributes {
  if (text === '') return {};
  const kept = JSON.parse(text) as readonly (readonly [string, string])[];
  return Object.fromEntries(kept.map(([name, hex]) => [name, Buffer.from(hex, 'hex')]));
}

/** Whether {@link attributesText} may have written it. */
export function isAttributesText(text: string): boolean {
  try {
    return attributesText(parseAttributes(text)) === text;
  } catch {
    return false;
  }
}
