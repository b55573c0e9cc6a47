import { isKind } from '../../lib/errors.ts';
import { isDigest } from '../../oci/digest.ts';
import type { Reference } from '../../oci/reference.ts';
import {
  canonicalName,
  familiarReference,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../../oci/reference.ts';
import type { ImageRecord, ImageRecords } from '../../store/record/image-records.ts';
import { ambiguousPrefix, noSuchImage } from './errors.ts';

/** An image and how it was asked for. */
export interface FoundImage {
  readonly record: ImageRecord;
  /** The name it was found by; undefined when it was an id. */
  readonly name: string | undefined;
  /** What it was asked for by: `name`; for a digest every name in that repository; none for an id. */
  readonly names: readonly string[];
}

/**
 * Finds an image by name:tag, name@digest, id, or id prefix (with or without `sha256:`), in this order.
 * Errors: not_found; invalid_parameter for what can be neither a name nor an id, and for a prefix of several ids.
 */
export function findImage(records: ImageRecords, text: string): FoundImage {
  if (isDigest(text)) return byId(records.find(text), text);
  const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1];
  const reference = parseOrPrefix(text, prefix);
  const named = reference && byReference(records, reference);
  if (named) return named;
  if (prefix !== undefined) {
    const [first, second] = records.findByPrefix(prefix);
    if (first && second) throw ambiguousPrefix(text);
    if (first) return { record: first, name: undefined, names: [] };
  }
  throw noSuchImage(reference ? familiarReference(withDefaultTag(reference)) : text);
}

function byId(record: ImageRecord | undefined, text: string): FoundImage {
  if (!record) throw noSuchImage(text);
  return { record, name: undefined, names: [] };
}

function parseOrPrefix(text: string, prefix: string | undefined): Reference | undefined {
  if (text.startsWith('sha256:') && prefix !== undefined) return undefined;
  try {
    return parseReference(text);
  } catch (error) {
    if (prefix !== undefined && isKind(error, 'invalid_parameter')) return undefined;
    throw error;
  }
}

function byReference(records: ImageRecords, reference: Reference): FoundImage | undefined {
  if (reference.digest === undefined) {
    const name = formatReference(withDefaultTag(reference));
    const record = records.findByName(name);
    return record && { record, name, names: [name] };
  }
  const record = records.find(reference.digest);
  const own = record?.names.find((name) => name === formatReference({ ...reference, tag: undefined }));
  const names = record?.names.filter((one) => canonicalName(parseReference(one)) === canonicalName(reference)) ?? [];
  const name = own ?? names[0];
  return record && name !== undefined ? { record, name, names } : undefined;
}
