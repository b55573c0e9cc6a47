import { KnownError } from '../../lib/errors.ts';
import {
  familiarName,
  familiarReference,
  formatReference,
  isValidTag,
  parseReference,
  withDefaultTag,
} from '../../oci/reference.ts';
import type { ImageServiceDeps } from './deps.ts';
import { findImage } from './find.ts';

/** Gives an image one more name, taking it from another image if need be. Errors: not_found, invalid_parameter. */
export function tag(deps: ImageServiceDeps, name: string, repository: string, newTag: string | undefined): void {
  const { record } = findImage(deps.records, name);
  const parsed = parseReference(repository);
  if (parsed.digest !== undefined)
    throw new KnownError('invalid_parameter', 'refusing to create a tag with a digest reference');
  if (familiarName(parsed) === 'sha256')
    throw new KnownError('invalid_parameter', 'refusing to create an ambiguous tag using digest algorithm as name');
  if (newTag && !isValidTag(newTag)) throw new KnownError('invalid_parameter', 'invalid tag format');
  const reference = withDefaultTag(newTag ? { ...parsed, tag: newTag } : parsed);
  deps.records.put(record.target, [formatReference(reference)], deps.now());
  deps.events.publish({
    type: 'image',
    action: 'tag',
    id: record.target.digest,
    attributes: { name: familiarReference(reference) },
  });
}
