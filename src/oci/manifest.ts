import { KnownError, messageOf } from '../lib/errors.ts';
import type { Digest } from './digest.ts';
import { isDigest } from './digest.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, isIndexType, isManifestType, OCI_INDEX, OCI_MANIFEST } from './media-type.ts';
import type { Platform } from './platform.ts';

/** Structurally the content store's Descriptor (image-spec descriptor.md). */
export interface OciDescriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
}

export interface ImageManifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: OciDescriptor;
  /** Lowest first. */
  readonly layers: readonly OciDescriptor[];
}

export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly OciDescriptor[];
}

/** Overlayfs and the kernel's mount option page set the practical end; no known image comes near. */
const MAX_LAYERS = 500;
const MAX_MANIFESTS = 1000;

/**
 * Parses a manifest or index, checking everything that is used later. `mediaType` is what the descriptor or the registry
 * said; the document's own field wins, and its shape decides when neither says.
 * Errors: invalid_parameter; not_implemented for schema 1, which Docker has given up.
 */
export function parseManifest(bytes: Uint8Array, mediaType = ''): ImageManifest | ImageIndex {
  const fields = jsonFields(bytes, 'manifest');
  if (fields.get('schemaVersion') === 1) throw new KnownError('not_implemented', 'manifest of schema 1');
  const own = fields.get('mediaType');
  const type = typeof own === 'string' && own !== '' ? own : mediaType;
  if (isIndexType(type)) return parseIndex(fields, type);
  if (isManifestType(type)) return parseImageManifest(fields, type);
  if (Array.isArray(fields.get('manifests'))) return parseIndex(fields, OCI_INDEX);
  if (Array.isArray(fields.get('layers'))) return parseImageManifest(fields, OCI_MANIFEST);
  throw malformed('manifest', `unsupported media type ${type.slice(0, 100)}`);
}

function parseIndex(fields: ReadonlyMap<string, unknown>, mediaType: string): ImageIndex {
  if (fields.has('layers') || fields.has('config')) throw malformed('index', 'it is a manifest as well');
  return {
    kind: 'index',
    mediaType: mediaType === DOCKER_LIST ? DOCKER_LIST : OCI_INDEX,
    manifests: parseList(fields.get('manifests'), MAX_MANIFESTS, 'manifests'),
  };
}

function parseImageManifest(fields: ReadonlyMap<string, unknown>, mediaType: string): ImageManifest {
  if (fields.has('manifests')) throw malformed('manifest', 'it is an index as well');
  return {
    kind: 'manifest',
    mediaType: mediaType === DOCKER_MANIFEST ? DOCKER_MANIFEST : OCI_MANIFEST,
    config: parseDescriptor(fields.get('config')),
    layers: parseList(fields.get('layers'), MAX_LAYERS, 'layers'),
  };
}

function parseList(value: unknown, max: number, what: string): readonly OciDescriptor[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value) || value.length > max)
    throw malformed('manifest', `${what} is not a list of at most ${max}`);
  return value.map(parseDescriptor);
}

/** Errors: invalid_parameter. */
export function parseDescriptor(value: unknown): OciDescriptor {
  const fields = asFields(value);
  const [mediaType, digest, size] = [fields.get('mediaType'), fields.get('digest'), fields.get('size')];
  if (typeof digest === 'string' && /^(?!sha256:)[a-z0-9]+(?:[+._-][a-z0-9]+)*:[\w=-]+$/.test(digest))
    throw malformed('descriptor', `unsupported digest algorithm: ${digest.slice(0, 100)}`);
  if (typeof digest !== 'string' || !isDigest(digest))
    throw malformed('descriptor', `digest ${String(digest).slice(0, 100)}`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw malformed('descriptor', `size of ${digest}`);
  const platform = parsePlatformField(fields.get('platform'));
  const annotations = stringMap(fields.get('annotations'));
  const artifactType = fields.get('artifactType');
  const urls = texts(fields.get('urls'));
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    size,
    ...(platform ? { platform } : {}),
    ...(annotations ? { annotations } : {}),
    ...(typeof artifactType === 'string' ? { artifactType } : {}),
    ...(urls.length > 0 ? { urls } : {}),
  };
}

function parsePlatformField(value: unknown): Platform | undefined {
  const fields = asFields(value);
  const [os, architecture] = [text(fields.get('os')), text(fields.get('architecture'))];
  if (os === undefined || architecture === undefined) return undefined;
  const [variant, version] = [text(fields.get('variant')), text(fields.get('os.version'))];
  const features = texts(fields.get('os.features'));
  return {
    os,
    architecture,
    ...(variant ? { variant } : {}),
    ...(version ? { 'os.version': version } : {}),
    ...(features.length > 0 ? { 'os.features': features } : {}),
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function stringMap(value: unknown): Readonly<Record<string, string>> | undefined {
  const entries = [...asFields(value)].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

/** The fields of a JSON object; none for anything else. */
export function asFields(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map();
  return new Map<string, unknown>(Object.entries(value));
}

/** Errors: invalid_parameter when it is not a JSON object. */
export function jsonFields(bytes: Uint8Array, what: string): ReadonlyMap<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw malformed(what, messageOf(error));
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw malformed(what, 'not an object');
  return new Map<string, unknown>(Object.entries(parsed));
}

function malformed(what: string, why: string): KnownError {
  return new KnownError('invalid_parameter', `malformed ${what}: ${why}`);
}
