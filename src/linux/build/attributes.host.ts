import { errnoOf } from '../../lib/errors.ts';
import { lgetxattr, llistxattr, lsetxattr } from '../ffi/libc.host.ts';

export type Attributes = Readonly<Record<string, Uint8Array>>;

const NONE: Attributes = {};

/** Attributes that copies and layers keep: those of users, and capabilities. */
export function isKept(name: string): boolean {
  return name === 'security.capability' || name.startsWith('user.');
}

export function readAttributes(path: string, names: readonly string[] = llistxattr(path)): Attributes {
  const kept = names.filter(isKept);
  return kept.length === 0 ? NONE : Object.fromEntries(kept.map((name) => [name, lgetxattr(path, name)]));
}

/** What the file system does not take is left out. */
export function writeAttributes(path: string, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!isKept(name)) continue;
    try {
      lsetxattr(path, name, value);
    } catch (error) {
      if (errnoOf(error) !== 'ENOTSUP' && errnoOf(error) !== 'EPERM') throw error;
    }
  }
}

/** One text for what is kept; '' for nothing. */
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
  if (text === '') return NONE;
  const kept = JSON.parse(text) as readonly (readonly [string, string])[];
  return Object.fromEntries(kept.map(([name, hex]) => [name, Buffer.from(hex, 'hex')]));
}
