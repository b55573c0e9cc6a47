import { createHash } from 'node:crypto';
import { KnownError, messageOf } from '../../lib/errors.ts';
import type { Digest } from '../../oci/digest.ts';
import { isDigest } from '../../oci/digest.ts';
import { asFields, parseManifest } from '../../oci/manifest.ts';
import { DOCKER_MANIFEST } from '../../oci/media-type.ts';
import { marshalledJson } from '../format/indent.ts';

/** image-spec "platform" as lists of manifests have it; empty texts: unknown. */
export interface ManifestPlatform {
  readonly architecture: string;
  readonly os: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
  readonly variant?: string;
}

/** One image of a manifest list that is being put together (docker/cli, cli/manifest/types). */
export interface StoredManifest {
  /** Full form: `docker.io/library/busybox:latest`. */
  readonly ref: string;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform: ManifestPlatform | undefined;
  /** The bytes as the registry sent them; undefined in files of old clients, which kept the document only. */
  readonly raw: Uint8Array | undefined;
  /** The manifest as JSON text. */
  readonly document: string;
}

/** As JSON text on one line: the file of it, and what `manifest inspect -v` lays out. */
export function formatStored(manifest: StoredManifest): string {
  const { ref, mediaType, digest, size, platform, raw, document } = manifest;
  const descriptor = { mediaType, digest, size, ...(platform ? { platform: toPlatformFields(platform) } : {}) };
  const fields = [
    `"Ref":${JSON.stringify(ref)}`,
    `"Descriptor":${JSON.stringify(descriptor)}`,
    ...(raw ? [`"Raw":"${Buffer.from(raw).toString('base64')}"`] : []),
    `"${mediaType === DOCKER_MANIFEST ? 'SchemaV2Manifest' : 'OCIManifest'}":${document}`,
  ];
  return marshalledJson(`{${fields.join(',')}}`);
}

/** The fields in the order in which Go writes them. */
export function toPlatformFields({ architecture, os, osVersion, osFeatures, variant }: ManifestPlatform): object {
  return {
    architecture,
    os,
    ...(osVersion ? { 'os.version': osVersion } : {}),
    ...(osFeatures && osFeatures.length > 0 ? { 'os.features': osFeatures } : {}),
    ...(variant ? { variant } : {}),
  };
}

/** Reads `platform` of a descriptor, or the same fields of an image's config. */
export function parsePlatformFields(fields: ReadonlyMap<string, unknown>): ManifestPlatform {
  const text = (name: string): string => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : '';
  };
  const features = fields.get('os.features');
  return {
    architecture: text('architecture'),
    os: text('os'),
    osVersion: text('os.version'),
    osFeatures: Array.isArray(features) ? features.filter((one): one is string => typeof one === 'string') : [],
    variant: text('variant'),
  };
}

/** Reads the file `path` of either client. Errors: invalid_parameter naming the file. */
export function parseStored(text: string, path: string): StoredManifest {
  try {
    return parseFields(asFields(JSON.parse(text)));
  } catch (error) {
    throw new KnownError('invalid_parameter', `invalid manifest file ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function parseFields(fields: ReadonlyMap<string, unknown>): StoredManifest {
  const ref = fields.get('Ref');
  if (typeof ref !== 'string' || ref === '') throw new KnownError('invalid_parameter', 'it has no Ref');
  const kept = fields.get('SchemaV2Manifest') ?? fields.get('OCIManifest');
  if (kept === undefined) throw new KnownError('invalid_parameter', `${ref} has no payload`);
  const encoded = fields.get('Raw');
  const raw = typeof encoded === 'string' && encoded !== '' ? Buffer.from(encoded, 'base64') : undefined;
  const document = raw ? marshalledJson(raw.toString()) : marshalledJson(JSON.stringify(kept));
  return { ref, ...parseDescriptorOf(fields, document), raw, document };
}

/** Files of clients before 18.09 have a digest and a platform instead of a descriptor. */
function parseDescriptorOf(
  fields: ReadonlyMap<string, unknown>,
  document: string,
): Pick<StoredManifest, 'mediaType' | 'digest' | 'size' | 'platform'> {
  const old = fields.get('Digest');
  const descriptor = asFields(fields.get('Descriptor'));
  const [digest, size] = old ? [old, Buffer.byteLength(document)] : [descriptor.get('digest'), descriptor.get('size')];
  if (typeof digest !== 'string' || !isDigest(digest) || typeof size !== 'number')
    throw new KnownError('invalid_parameter', 'its descriptor is incomplete');
  if (old && digestOf(Buffer.from(document)) !== digest)
    throw new KnownError(
      'invalid_parameter',
      `image manifest digest mismatch (${digest} != ${digestOf(Buffer.from(document))})`,
    );
  const mediaType = old ? '' : descriptor.get('mediaType');
  const platform = old ? fields.get('Platform') : descriptor.get('platform');
  return {
    mediaType:
      typeof mediaType === 'string' && mediaType !== '' ? mediaType : parseManifest(Buffer.from(document)).mediaType,
    digest,
    size,
    platform: platform ? parsePlatformFields(asFields(platform)) : undefined,
  };
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
