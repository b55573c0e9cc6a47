import { KnownError } from '../../lib/errors.ts';
import { formatReference, parseReference, type Reference, withDefaultTag } from '../../oci/reference.ts';
import type { OutputRequest } from './request.ts';
import type { BuildRequest } from './service.ts';

const UNNAMED_IMAGE: OutputRequest = { kind: 'image', names: [], push: false };

/** What was asked for, with its index; an image without a name where nothing was. */
export function outputsOf({ outputs }: Pick<BuildRequest, 'outputs'>): readonly OutputRequest[] {
  return outputs.length === 0 ? [UNNAMED_IMAGE] : outputs;
}

/** The names that the image gets in the store. */
export function namesOf({ outputs }: Pick<BuildRequest, 'outputs'>): readonly string[] {
  return [...new Set(outputs.flatMap((output) => (output.kind === 'image' ? output.names : [])))];
}

/** An index is made instead of a single manifest. */
export function isIndexed({ platforms, attestations }: Pick<BuildRequest, 'platforms' | 'attestations'>): boolean {
  return platforms.length > 1 || attestations.provenance !== undefined || attestations.sbom !== undefined;
}

/** Wrong combinations, before anything is read. Errors: invalid_parameter, with BuildKit's texts. */
export function checkOutputs(request: BuildRequest): void {
  const indexed = isIndexed(request);
  for (const output of request.outputs) {
    if (output.kind === 'docker' && indexed)
      throw invalid('docker exporter does not currently support exporting manifest lists');
    if (output.kind === 'image' && output.push && output.names.length === 0)
      throw invalid('tag is needed when pushing to registry');
    if (output.kind === 'image' || output.kind === 'oci' || output.kind === 'docker') output.names.forEach(tagOf);
  }
  if (!indexed && request.annotations.some(({ level }) => level === 'index' || level === 'index-descriptor'))
    throw invalid('index annotations not supported for single platform export');
}

/** Errors: invalid_parameter. */
export function tagOf(name: string): Reference {
  const parsed = parseReference(name);
  if (parsed.digest !== undefined) throw invalid('refusing to create a tag with a digest reference');
  return withDefaultTag(parsed);
}

/** In full, each once. */
export function fullNames(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => formatReference(tagOf(name))))];
}

function invalid(text: string): KnownError {
  return new KnownError('invalid_parameter', text);
}
