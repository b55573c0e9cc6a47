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
import { publishImage, readLabels } from './image-event.ts';

/** Gives an image one more name, taking it from another image if need be. Errors: not_found, invalid_parameter. */
export async function tag(
  deps: ImageServiceDeps,
  name: string,
  repository: string,
  newTag: string | undefined,
): Promise<void> {
  const { record } = findImage(deps.records, name);
  const parsed = parseReference(repository);
  if (parsed.digest !== undefined)
    throw new KnownError('invalid_parameter', 'refusing to create a tag with a digest reference');
  if (familiarName(parsed) === 'sha256')
    throw new KnownError('invalid_parameter', 'refusing to create an ambiguous tag using digest algorithm as name');
  if (newTag && !isValidTag(newTag)) throw new KnownError('invalid_parameter', 'invalid tag format');
  const reference = withDefaultTag(newTag ? { ...parsed, tag: newTag } : parsed);
  deps.records.put(record.target, [formatReference(reference)], deps.now());
  publishImage(deps, 'tag', record.target.digest, {
    name: familiarReference(reference),
    labels: await readLabels(deps, record.target),
  });
}
