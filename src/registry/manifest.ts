import { KnownError } from '../lib/errors.ts';
import { asFields, jsonFields } from '../oci/manifest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  isIndexType,
  isManifestType,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../oci/media-type.ts';
import { type ContentDigest, isContentDigest } from './name.ts';
import { RegistryError } from './registry-error.ts';

/** What a registry must know of a manifest; everything else in it is none of its business. */
export interface Manifest {
  readonly kind: 'manifest' | 'index';
  readonly mediaType: string;
  /** Config, then layers. None for an index. */
  readonly blobs: readonly Content[];
  /** Entries of an index. */
  readonly manifests: readonly Content[];
  readonly subject: ContentDigest | undefined;
  /** For the referrers API: its own, else the config's media type. */
  readonly artifactType: string | undefined;
  readonly annotations: Annotations | undefined;
}

export type Annotations = Readonly<Record<string, string>>;

/** A descriptor (image-spec descriptor.md). */
export interface Content {
  readonly mediaType: string;
  readonly digest: ContentDigest;
  readonly size: number;
  /** `os/architecture[/variant]` */
  readonly platform: string | undefined;
  /** To be had elsewhere, so that it need not be here. */
  readonly foreign: boolean;
  readonly annotations: Annotations;
}

/**
 * Reads image manifests and indexes of OCI and of Docker (schema 2). `contentType` is what came with it; the field in the document
 * must say the same. Errors: MANIFEST_INVALID.
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): Manifest {
  const fields = fieldsOf(bytes);
  if (fields.get('schemaVersion') !== 2)
    throw invalid('schemaVersion is not 2; schema 1 images must be pushed again with a current tool');
  const own = fields.get('mediaType');
  if (own !== undefined && typeof own !== 'string') throw invalid('mediaType is not a string');
  const said = contentType?.replace(/;.*$/, '').trim();
  if (own && said && own !== said) throw invalid(`mediaType is ${own}, Content-Type is ${said}`);
  // Only the document is kept, and without the field it reads as OCI's.
  if (!own && said && (said === DOCKER_MANIFEST || said === DOCKER_LIST)) throw invalid('mediaType is missing');
  const mediaType = (said || own) ?? (fields.has('manifests') ? OCI_INDEX : OCI_MANIFEST);
  if (isIndexType(mediaType)) return parseIndex(fields, mediaType);
  if (isManifestType(mediaType)) return parseImage(fields, mediaType);
  throw invalid(`unsupported media type ${mediaType.slice(0, 200)}`);
}

function parseIndex(fields: ReadonlyMap<string, unknown>, mediaType: string): Manifest {
  if (fields.has('layers') || fields.has('config')) throw invalid('an index has no config and no layers');
  return {
    kind: 'index',
    mediaType,
    blobs: [],
    manifests: parseList(fields.get('manifests'), 'manifests'),
    ...parseRelations(fields, undefined),
  };
}

function parseImage(fields: ReadonlyMap<string, unknown>, mediaType: string): Manifest {
  if (fields.has('manifests')) throw invalid('an image manifest has no manifests');
  const config = parseContent(fields.get('config'), 'config');
  const layers = parseList(fields.get('layers'), 'layers');
  return { kind: 'manifest', mediaType, blobs: [config, ...layers], manifests: [], ...parseRelations(fields, config) };
}

function parseRelations(
  fields: ReadonlyMap<string, unknown>,
  config: Content | undefined,
): Pick<Manifest, 'subject' | 'artifactType' | 'annotations'> {
  const [subject, own] = [fields.get('subject'), fields.get('artifactType')];
  const annotations = parseAnnotations(fields);
  return {
    subject: subject === undefined || subject === null ? undefined : parseContent(subject, 'subject').digest,
    artifactType: typeof own === 'string' && own !== '' ? own : config?.mediaType,
    annotations: Object.keys(annotations).length > 0 ? annotations : undefined,
  };
}

function parseList(value: unknown, what: string): readonly Content[] {
  if (!Array.isArray(value)) throw invalid(`${what} is not a list`);
  return value.map((one, index) => parseContent(one, `${what}[${index}]`));
}

function parseContent(value: unknown, what: string): Content {
  const fields = asFields(value);
  const [digest, size, mediaType] = [fields.get('digest'), fields.get('size'), fields.get('mediaType')];
  if (typeof digest !== 'string' || !isContentDigest(digest)) throw invalid(`${what} has no valid digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`${what} has no valid size`);
  if (typeof mediaType !== 'string') throw invalid(`${what} has no mediaType`);
  const urls = fields.get('urls');
  const foreign = Array.isArray(urls) && urls.length > 0 && /nondistributable|\.foreign\./.test(mediaType);
  const [platform, annotations] = [parsePlatform(fields.get('platform')), parseAnnotations(fields)];
  return { digest, size, mediaType, platform, foreign, annotations };
}

function parseAnnotations(fields: ReadonlyMap<string, unknown>): Annotations {
  const entries = [...asFields(fields.get('annotations'))];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function parsePlatform(value: unknown): string | undefined {
  const fields = asFields(value);
  const parts = ['os', 'architecture', 'variant'].map((name) => fields.get(name));
  const words = parts.filter((part): part is string => typeof part === 'string' && part !== '');
  return words.length < 2 ? undefined : words.join('/');
}

function fieldsOf(bytes: Uint8Array): ReadonlyMap<string, unknown> {
  try {
    return jsonFields(bytes, 'manifest');
  } catch (error) {
    if (error instanceof KnownError) throw invalid(error.message);
    throw error;
  }
}

function invalid(why: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', `manifest invalid: ${why}`);
}
